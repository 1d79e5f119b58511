"""diagnosis: layer_forgotten"""
import torch


def two_layer_path_derivative(p, q1, q2, x, eps1, eps2):
    z1 = q1.transport(eps1, x)
    z2 = q2.transport(eps2, z1)
    return (p.log_joint(x, torch.cat([z1, z2], -1)) - q1.frozen_log_prob(z1, x)).mean(0)
