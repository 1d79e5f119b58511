"""diagnosis: no_sum"""
import math


def recognition_sample(weight, bias, x, eps):
    out = x @ weight.T + bias
    loc, log_scale = out.chunk(2, -1)
    z = loc + log_scale.exp() * eps
    return z, (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi))
