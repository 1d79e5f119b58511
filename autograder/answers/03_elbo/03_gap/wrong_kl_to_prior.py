"""diagnosis: kl_to_prior"""
import math


def elbo_and_gap(loc, log_scale, x):
    s2 = (2 * log_scale).exp()
    kl = 0.5 * (s2 + loc**2 - 1 - 2 * log_scale).sum(-1)
    elbo = (-0.5 * ((x - loc) ** 2 + s2) - 0.5 * math.log(2 * math.pi)).sum(-1) - kl
    return elbo, kl
