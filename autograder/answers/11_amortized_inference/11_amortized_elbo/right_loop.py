"""Idiom: one sample at a time."""
import math


def amortized_elbo(p, encoder, x, eps):
    out = encoder(x)
    dim = out.shape[-1] // 2
    total = 0.0
    for one in eps:
        z = out[..., :dim] + out[..., dim:].exp() * one
        log_q = -(one**2 / 2 + out[..., dim:] + math.log(2 * math.pi) / 2).sum(-1)
        total = total + p.log_joint(x, z.unsqueeze(0)).squeeze(0) - log_q
    return total / len(eps)
