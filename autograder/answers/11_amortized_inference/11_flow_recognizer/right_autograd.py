"""Idiom: the slope by autograd, element by element."""
import math

import torch


def flow_recognizer(params, eps):
    loc, log_scale, skew, log_tail = params.chunk(4, -1)
    with torch.enable_grad():
        noise = eps.clone().requires_grad_()
        z = loc + log_scale.exp() * torch.sinh(log_tail.exp() * torch.asinh(noise) + skew)
        (slope,) = torch.autograd.grad(z.sum(), noise)
    log_normal = -0.5 * eps**2 - 0.5 * math.log(2 * math.pi)
    return z.detach(), (log_normal - slope.log()).sum(-1)
