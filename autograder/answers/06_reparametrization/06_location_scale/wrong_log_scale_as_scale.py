"""diagnosis: log_scale_as_scale"""
import math


def location_scale(loc, log_scale, eps):
    z = loc + log_scale * eps
    return z, (-0.5 * eps**2 - log_scale.abs().log() - 0.5 * math.log(2 * math.pi)).sum(-1)
