"""Idiom: torch.distributions, asked at a sample that is alive."""
from torch.distributions import Independent, Normal


def location_scale(loc, log_scale, eps):
    scale = log_scale.exp()
    z = loc + scale * eps
    return z, Independent(Normal(loc, scale), 1).log_prob(z)
