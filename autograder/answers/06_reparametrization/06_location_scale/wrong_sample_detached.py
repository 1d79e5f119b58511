"""diagnosis: sample_detached"""
import torch
from torch.distributions import Normal


def location_scale(loc, log_scale, eps):
    with torch.no_grad():
        z = loc + log_scale.exp() * eps
    return z, Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
