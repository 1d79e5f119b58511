"""diagnosis: in_bits"""
import math


def kl_to_prior(loc, log_scale):
    return (0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale) / math.log(2)
