"""diagnosis: jacobian_sign"""
import math


def location_scale(loc, log_scale, eps):
    z = loc + log_scale.exp() * eps
    return z, (-0.5 * eps**2 - 0.5 * math.log(2 * math.pi) + log_scale).sum(-1)
