"""diagnosis: score_added_twice"""


def score_coefficient(p, q, x, eps, c):
    z = q.transport(eps, x)
    score = -q(x, z.detach())
    return (p.log_joint(x, z) - q(x, z) + c * (score - score.detach())).mean(0)
