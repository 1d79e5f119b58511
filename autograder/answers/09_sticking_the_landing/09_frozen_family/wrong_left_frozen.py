"""diagnosis: left_frozen"""


def path_derivative(p, q, x, eps):
    z = q.transport(eps, x)
    q.requires_grad_(False)
    return (p.log_joint(x, z) - q(x, z)).mean(0)
