"""Idiom: torch.distributions, coordinate by coordinate."""
import torch
from torch.distributions import Normal, kl_divergence


def kl_to_prior(loc, log_scale):
    # the library takes the logarithm of a scale that it is given; so the log scale itself is put back where s underflows
    s = log_scale.exp()
    safe = s.clamp_min(1e-100)
    kl = kl_divergence(Normal(loc, safe), Normal(torch.zeros_like(loc), torch.ones_like(loc)))
    return kl + safe.log() - log_scale
