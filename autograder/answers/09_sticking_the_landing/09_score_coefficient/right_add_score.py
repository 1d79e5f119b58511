"""Idiom: the path derivative, plus c times a score term that has no value."""


def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    score = -q(x, z.detach())
    log_w = p.log_joint(x, z) - q.frozen_log_prob(z, x)
    return (log_w + c * (score - score.detach())).mean(0)
