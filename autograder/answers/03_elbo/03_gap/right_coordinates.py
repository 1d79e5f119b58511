"""Idiom: closed form by hand, coordinate by coordinate."""
import math


def elbo_and_gap(loc, log_scale, x):
    s2 = (2 * log_scale).exp()
    log_prior = -0.5 * (loc**2 + s2) - 0.5 * math.log(2 * math.pi)
    log_lik = -0.5 * ((x - loc) ** 2 + s2) - 0.5 * math.log(2 * math.pi)
    entropy = log_scale + 0.5 * math.log(2 * math.pi * math.e)
    elbo = (log_prior + log_lik + entropy).sum(-1)
    gap = (-0.5 * math.log(2) - log_scale + s2 + (loc - x / 2) ** 2 - 0.5).sum(-1)
    return elbo, gap
