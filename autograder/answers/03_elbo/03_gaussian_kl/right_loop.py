"""Idiom: a loop over coordinates, cross entropy minus entropy, each written out."""
import math

import torch


def gaussian_kl(loc_q, log_scale_q, loc_p, log_scale_p):
    total = torch.zeros_like(loc_q[..., 0])
    for d in range(loc_q.shape[-1]):
        s_q, s_p = torch.exp(log_scale_q[..., d]), torch.exp(log_scale_p[..., d])
        entropy = 0.5 * torch.log(2 * math.pi * math.e * s_q**2)
        mean_square = s_q**2 + (loc_q[..., d] - loc_p[..., d]) ** 2
        cross_entropy = 0.5 * torch.log(2 * math.pi * s_p**2) + mean_square / (2 * s_p**2)
        total += cross_entropy - entropy
    return total
