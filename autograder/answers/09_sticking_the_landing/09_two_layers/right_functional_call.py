"""Idiom: functional_call of each layer, with z1 passed on as it is."""
import torch
from torch.func import functional_call


def held(q, given, z):
    return functional_call(q, {name: value.detach() for name, value in q.named_parameters()}, (given, z))


def two_layer_path_derivative(p, q1, q2, x, eps1, eps2):
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    log_p = p.log_joint(x, torch.cat([z1, z2], -1))
    return (log_p - held(q1, x, z1) - held(q2, z1, z2)).mean(0)
