"""Idiom: the total derivative minus the score terms of both layers, at a fixed pair."""
import torch


def two_layer_path_derivative(p, q1, q2, x, eps1, eps2):
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    total = p.log_joint(x, torch.cat([z1, z2], -1)) - q1(x, z1) - q2(z1, z2)
    score = q1(x, z1.detach()) + q2(z1.detach(), z2.detach())
    return (total + score - score.detach()).mean(0)
