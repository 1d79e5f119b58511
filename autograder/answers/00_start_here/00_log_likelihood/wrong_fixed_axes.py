"""diagnosis: fixed_axes"""
import math


def log_likelihood(x, z, log_scale):
    eps = (x - z) / log_scale.exp()
    return (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(2)
