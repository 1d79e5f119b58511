"""diagnosis: path_scaled"""


def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    path = p.log_joint(x, z) - q.frozen_log_prob(z, x)
    score = -q(x, z.detach())
    return (path.detach() + (1 - c) * (path - path.detach()) + c * (score - score.detach())).mean(0)
