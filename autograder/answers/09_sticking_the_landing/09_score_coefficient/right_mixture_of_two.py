"""Idiom: a mixture of two log densities of the same value, one attached, one frozen."""
import torch
from torch.func import functional_call


def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    live = q(x, z)
    still = functional_call(q, {name: value.detach() for name, value in q.named_parameters()}, (x, z))
    return torch.mean(p.log_joint(x, z) - torch.lerp(still, live, c), dim=0)
