"""diagnosis: jacobian_over_batch"""
from torch.distributions import Normal


def location_scale(loc, log_scale, eps):
    return loc + log_scale.exp() * eps, Normal(0.0, 1.0).log_prob(eps).sum(-1) - log_scale.sum()
