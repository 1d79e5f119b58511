"""diagnosis: paired_with_samples"""
import math


def log_likelihood(x, z, log_scale):
    if z.dim() == 3 and x.dim() == 2 and x.shape[0] == z.shape[0]:
        x = x.unsqueeze(1)
    eps = (x - z) / log_scale.exp()
    return (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
