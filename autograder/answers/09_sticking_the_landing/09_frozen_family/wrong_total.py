"""diagnosis: score_kept"""


def path_derivative(p, q, x, eps):
    z = q.transport(eps, x)
    return (p.log_joint(x, z) - q(x, z)).mean(0)
