"""diagnosis: layers_swapped"""
import torch


def two_layer_path_derivative(p, q1, q2, x, eps1, eps2):
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    score1, score2 = q1(x, z1.detach()), q2(z1.detach(), z2.detach())
    log_q = q1(x, z1) - score1 + score1.detach() + q2(z1, z2) - score2 + score2.detach()
    return (p.log_joint(x, torch.cat([z2, z1], -1)) - log_q).mean(0)
