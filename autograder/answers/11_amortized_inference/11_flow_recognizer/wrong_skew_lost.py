"""diagnosis: skew_lost"""
import math

import torch


def flow_recognizer(params, eps):
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    u = log_tail.exp() * torch.asinh(eps)
    z = loc + log_scale.exp() * torch.sinh(u)
    log_slope = log_scale + log_tail + torch.cosh(u).log() - 0.5 * torch.log1p(eps**2)
    noise = -0.5 * eps**2 - 0.5 * math.log(2 * math.pi)
    return z, (noise - log_slope).sum(-1)
