"""Idiom: a loop over the samples, everything written out."""
import math


def pathwise_elbo(p, loc, log_scale, x, eps):
    total = 0
    for e in eps:
        z = loc + log_scale.exp() * e
        log_q = (-0.5 * e**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
        total = total + p.log_joint(x, z[None])[0] - log_q
    return total / eps.shape[0]
