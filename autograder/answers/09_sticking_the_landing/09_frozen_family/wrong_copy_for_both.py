"""diagnosis: sample_detached"""
import copy


def path_derivative(p, q, x, eps):
    q = copy.deepcopy(q).requires_grad_(False)
    z = q.transport(eps, x)
    return (p.log_joint(x, z) - q(x, z)).mean(0)
