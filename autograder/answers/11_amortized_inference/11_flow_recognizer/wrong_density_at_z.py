"""diagnosis: density_at_z"""
import torch
from torch.distributions import Normal


def flow_recognizer(params, eps):
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    u = log_tail.exp() * torch.asinh(eps) + skew
    z = loc + log_scale.exp() * torch.sinh(u)
    log_slope = log_scale + torch.cosh(u).log() + log_tail - 0.5 * torch.log1p(eps**2)
    return z, (Normal(0.0, 1.0).log_prob(z) - log_slope).sum(-1)
