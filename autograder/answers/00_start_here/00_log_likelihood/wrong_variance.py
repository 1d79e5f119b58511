"""diagnosis: variance_as_scale"""
import math

import torch


def log_likelihood(x, z, log_scale):
    variance = log_scale.exp()
    return (-0.5 * (x - z) ** 2 / variance - 0.5 * torch.log(2 * math.pi * variance)).sum(-1)
