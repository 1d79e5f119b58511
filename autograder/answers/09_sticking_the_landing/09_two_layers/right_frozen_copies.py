"""Idiom: deep copies of both layers that do not learn."""
import copy

import torch


def two_layer_path_derivative(p, q1, q2, x, eps1, eps2):
    still1, still2 = (copy.deepcopy(q).requires_grad_(False) for q in (q1, q2))
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    log_w = p.log_joint(x, torch.cat((z1, z2), dim=-1)) - still1(x, z1) - still2(z1, z2)
    return log_w.mean(0)
