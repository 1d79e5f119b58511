"""diagnosis: score_sign"""


def path_derivative(p, q, x, eps):
    z = q.transport(eps, x)
    score = q(x, z.detach())
    return (p.log_joint(x, z) - q(x, z) + 2 * (score - score.detach())).mean(0)
