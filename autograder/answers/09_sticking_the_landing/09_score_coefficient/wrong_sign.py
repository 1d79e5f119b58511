"""diagnosis: score_sign"""


def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    score = q(x, z.detach())
    return (p.log_joint(x, z) - q.frozen_log_prob(z, x) + c * (score - score.detach())).mean(0)
