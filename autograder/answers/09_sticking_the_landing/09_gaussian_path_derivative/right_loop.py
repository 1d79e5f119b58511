"""Idiom: a loop over the samples, the density written out."""
import math


def gaussian_path_derivative(p, loc, log_scale, x, eps):
    loc_, log_scale_ = loc.detach(), log_scale.detach()
    total = 0.0
    for e in eps:
        z = loc + log_scale.exp() * e
        log_q = (-0.5 * ((z - loc_) / log_scale_.exp()) ** 2 - log_scale_ - 0.5 * math.log(2 * math.pi)).sum(-1)
        total = total + p.log_joint(x, z.unsqueeze(0))[0] - log_q
    return total / len(eps)
