"""diagnosis: mean_over_dim"""
import math


def elbo_and_gap(loc, log_scale, x):
    s2 = (2 * log_scale).exp()
    elbo = (-0.5 * (loc**2 + s2) - 0.5 * ((x - loc) ** 2 + s2) + log_scale + 0.5 - 0.5 * math.log(2 * math.pi)).mean(-1)
    evidence = (-0.25 * x**2 - 0.5 * math.log(4 * math.pi)).mean(-1)
    return elbo, evidence - elbo
