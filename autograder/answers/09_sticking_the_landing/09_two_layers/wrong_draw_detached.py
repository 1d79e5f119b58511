"""diagnosis: layer_detached"""
import copy

import torch


def two_layer_path_derivative(p, q1, q2, x, eps1, eps2):
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1.detach())
    still1, still2 = copy.deepcopy(q1).requires_grad_(False), copy.deepcopy(q2).requires_grad_(False)
    return (p.log_joint(x, torch.cat([z1, z2], -1)) - still1(x, z1) - still2(z1, z2)).mean(0)
