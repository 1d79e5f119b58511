"""Idiom: draw under no_grad, so that no path is ever recorded; the package's bound."""
import torch

from course_vi.bounds import elbo


def naive_elbo(p, q, x, eps):
    with torch.no_grad():
        z = q.transport(eps, x)
        log_p = p.log_joint(x, z)
    return elbo(log_p - q(x, z))
