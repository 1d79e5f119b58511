"""diagnosis: only_second_frozen"""
import copy

import torch


def two_layer_path_derivative(p, q1, q2, x, eps1, eps2):
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    log_q = q1(x, z1) + copy.deepcopy(q2).requires_grad_(False)(z1, z2)
    return (p.log_joint(x, torch.cat([z1, z2], -1)) - log_q).mean(0)
