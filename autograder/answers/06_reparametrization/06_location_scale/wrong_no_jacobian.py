"""diagnosis: jacobian_missing"""
import torch
from torch.distributions import Normal


def location_scale(loc, log_scale, eps):
    z = loc + log_scale.exp() * eps
    base = Normal(torch.zeros_like(loc), torch.ones_like(loc))
    return z, base.log_prob(eps).sum(-1)
