"""diagnosis: value_shifted"""


def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    return (p.log_joint(x, z) - q.frozen_log_prob(z, x) - c * q(x, z.detach())).mean(0)
