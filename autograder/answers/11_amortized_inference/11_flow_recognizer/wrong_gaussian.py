"""diagnosis: gaussian"""
import torch
from torch.distributions import Normal


def flow_recognizer(params, eps):
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    z = loc + log_scale.exp() * torch.sinh(log_tail.exp() * torch.asinh(eps) + skew)
    return z, Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
