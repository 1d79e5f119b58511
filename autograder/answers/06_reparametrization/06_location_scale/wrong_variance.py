"""diagnosis: variance_as_scale"""
from torch.distributions import Normal


def location_scale(loc, log_scale, eps):
    scale = log_scale.exp().sqrt()
    z = loc + scale * eps
    return z, Normal(loc, scale).log_prob(z).sum(-1)
