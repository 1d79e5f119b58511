"""diagnosis: sum_over_all"""
from torch.distributions import Normal


def location_scale(loc, log_scale, eps):
    z = loc + log_scale.exp() * eps
    return z, Normal(loc, log_scale.exp()).log_prob(z).sum()
