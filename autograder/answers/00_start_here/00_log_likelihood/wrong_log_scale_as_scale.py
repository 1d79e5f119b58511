"""diagnosis: log_scale_as_scale"""
import math


def log_likelihood(x, z, log_scale):
    eps = (x - z) / log_scale
    return (-0.5 * eps**2 - log_scale.abs().log() - 0.5 * math.log(2 * math.pi)).sum(-1)
