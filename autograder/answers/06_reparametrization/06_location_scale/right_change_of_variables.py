"""Idiom: the density of the noise, divided by the stretch."""
import math


def location_scale(loc, log_scale, eps):
    z = loc + log_scale.exp() * eps
    log_noise = (-0.5 * eps**2 - 0.5 * math.log(2 * math.pi)).sum(-1)
    return z, log_noise - log_scale.sum(-1)
