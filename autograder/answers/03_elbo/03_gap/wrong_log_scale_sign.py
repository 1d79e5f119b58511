"""diagnosis: log_scale_sign"""
import math

from torch.distributions import Normal, kl_divergence


def elbo_and_gap(loc, log_scale, x):
    s = log_scale.exp()
    energy = -math.log(2 * math.pi) - 0.5 * (loc**2 + s**2) - 0.5 * ((x - loc) ** 2 + s**2)
    entropy = 0.5 * math.log(2 * math.pi * math.e) - log_scale
    return (energy + entropy).sum(-1), kl_divergence(Normal(loc, s), Normal(x / 2, 0.5**0.5)).sum(-1)
