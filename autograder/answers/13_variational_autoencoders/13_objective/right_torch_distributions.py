"""Idiom: torch.distributions from end to end."""
import torch
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence


def vae_objective(encoder, decoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, dim=-1)
    scale = torch.exp(log_scale)
    q, prior = Normal(loc, scale), Normal(torch.zeros_like(loc), torch.ones_like(scale))
    likelihood = Independent(Bernoulli(logits=decoder(loc + scale * eps)), 1)
    return likelihood.log_prob(x).mean(0) - kl_divergence(q, prior).sum(-1)
