"""diagnosis: order_swapped"""
from torch.distributions import Normal


def location_scale(loc, log_scale, eps):
    z = loc + log_scale.exp() * eps
    return Normal(loc, log_scale.exp()).log_prob(z).sum(-1), z
