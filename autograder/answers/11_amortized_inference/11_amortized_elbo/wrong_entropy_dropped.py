"""diagnosis: entropy_dropped"""
import math


def amortized_elbo(p, encoder, x, eps):
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_q = (-0.5 * eps**2 - log_scale - 0.5 * math.log(2 * math.pi)).sum(-1)
    return p.log_joint(x, z).mean(0)
