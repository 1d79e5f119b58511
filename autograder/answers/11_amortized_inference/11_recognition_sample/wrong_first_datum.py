"""diagnosis: first_datum"""
import math


def recognition_sample(weight, bias, x, eps):
    out = x @ weight.T + bias
    loc, log_scale = out.chunk(2, -1)
    z = loc[:1] + log_scale[:1].exp() * eps
    return z, (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
