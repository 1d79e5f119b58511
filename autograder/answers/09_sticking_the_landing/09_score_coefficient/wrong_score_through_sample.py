"""diagnosis: coefficient_ignored"""


def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    still = q.frozen_log_prob(z, x)
    return (p.log_joint(x, z) - still + c * (still - q.frozen_log_prob(z, x))).mean(0)
