"""diagnosis: root_lost"""
import torch
from torch.distributions import Normal


def flow_recognizer(params, eps):
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    u = log_tail.exp() * torch.asinh(eps) + skew
    z = loc + log_scale.exp() * torch.sinh(u)
    log_slope = log_scale + torch.cosh(u).log() + log_tail - 1.0 * torch.log1p(eps**2)
    return z, (Normal(0.0, 1.0).log_prob(eps) - log_slope).sum(-1)
