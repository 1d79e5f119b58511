"""Idiom: a frozen copy of the whole family."""
import copy


def path_derivative(p, q, x, eps):
    still = copy.deepcopy(q)
    for parameter in still.parameters():
        parameter.requires_grad_(False)
    z = q.transport(eps, x)
    log_w = p.log_joint(x, z) - still(x, z)
    return log_w.mean(0)
