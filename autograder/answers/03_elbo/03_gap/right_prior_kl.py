"""Idiom: reconstruction minus the KL to the prior; the gap is what is left of the evidence."""
import torch
from torch.distributions import Normal, kl_divergence


def elbo_and_gap(loc, log_scale, x):
    q = Normal(loc, log_scale.exp())
    kl = kl_divergence(q, Normal(torch.zeros_like(loc), torch.ones_like(loc))).sum(-1)
    reconstruction = Normal(loc, 1.0).log_prob(x).sum(-1) - 0.5 * q.variance.sum(-1)
    elbo = reconstruction - kl
    evidence = Normal(torch.zeros_like(x), 2**0.5).log_prob(x).sum(-1)
    return elbo, evidence - elbo
