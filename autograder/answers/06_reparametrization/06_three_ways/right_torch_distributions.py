"""Idiom: torch.distributions knows both formulas."""
import torch
from torch.distributions import Normal, kl_divergence


def elbo_three_ways(p, loc, log_scale, x, eps):
    q = Normal(loc, log_scale.exp())
    prior = Normal(torch.zeros_like(loc), torch.ones_like(loc))
    z = loc + q.stddev * eps
    log_p, likelihood = p.log_joint(x, z), p.log_factors(x, z)["likelihood"]
    sampled = log_p - q.log_prob(z).sum(-1)
    return torch.stack([sampled.mean(0), (log_p + q.entropy().sum(-1)).mean(0), (likelihood - kl_divergence(q, prior).sum(-1)).mean(0)])
