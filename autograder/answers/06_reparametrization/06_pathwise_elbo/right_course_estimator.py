"""Idiom: the course's own bound, on log weights."""
from course_vi.bounds import elbo
from course_vi.distributions import DiagonalNormal


def pathwise_elbo(p, loc, log_scale, x, eps):
    q = DiagonalNormal(loc, log_scale)
    z = q.transport(eps)
    return elbo(p.log_joint(x, z) - q.log_prob(z))
