"""diagnosis: coefficient_reversed"""


def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    log_q = c * q.frozen_log_prob(z, x) + (1 - c) * q(x, z)
    return (p.log_joint(x, z) - log_q).mean(0)
