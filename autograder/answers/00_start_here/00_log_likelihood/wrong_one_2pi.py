"""diagnosis: one_2pi"""
import math


def log_likelihood(x, z, log_scale):
    eps = (x - z) / log_scale.exp()
    return (-0.5 * eps**2 - log_scale).sum(-1) - 0.5 * math.log(2 * math.pi)
