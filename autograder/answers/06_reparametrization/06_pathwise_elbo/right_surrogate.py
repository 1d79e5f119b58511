"""Idiom: slopes at a leaf, pulled back by hand."""
import math

import torch


def pathwise_elbo(p, loc, log_scale, x, eps):
    z = loc + log_scale.exp() * eps
    leaf = z.detach().requires_grad_()
    log_p = p.log_joint(x, leaf)
    (slope,) = torch.autograd.grad(log_p.sum(), leaf)
    moving = (slope * z).sum(-1)
    log_q = (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
    return (log_p.detach() + moving - moving.detach() - log_q).mean(0)
