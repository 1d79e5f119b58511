"""diagnosis: coefficient_ignored"""


def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    log_q = q(x, z)
    return (p.log_joint(x, z) - log_q + c * (log_q - log_q)).mean(0)
