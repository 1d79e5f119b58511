"""Idiom: the total derivative, minus its score term at a fixed sample."""


def path_derivative(p, q, x, eps):
    z = q.transport(eps, x)
    total = p.log_joint(x, z) - q(x, z)
    score = -q(x, z.detach())
    return (total - score + score.detach()).mean(0)
