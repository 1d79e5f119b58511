"""diagnosis: score_through_sample"""


def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    score = q(x, z)
    return (p.log_joint(x, z) - q.frozen_log_prob(z, x) - c * (score - score.detach())).mean(0)
