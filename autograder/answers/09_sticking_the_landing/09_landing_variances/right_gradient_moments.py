"""Idiom: the course's own diagnostics, with an estimator of one's own for the second row."""
import torch
from torch.func import functional_call

from course_vi.diagnostics import gradient_moments
from course_vi.families import MeanField
from course_vi.gradients import reparametrized
from course_vi.models import ConjugateToy


def frozen(p, q, x, num_samples=1, bound=None, generator=None, noise=None):
    eps = q.noise((num_samples, *x.shape[:-1]), generator)
    z = q.transport(eps, x)
    constants = {name: value.detach() for name, value in q.named_parameters()}
    return (p.log_joint(x, z) - functional_call(q, constants, (x, z))).mean(0)


def landing_variances(loc, log_scale, x, replicates, generator):
    q = MeanField(1, loc, log_scale)
    rows = []
    for estimator in (reparametrized, frozen):
        moments = gradient_moments(estimator, ConjugateToy(), q, x, replicates=replicates, generator=generator)
        rows.append(torch.cat([moments.variance["loc"], moments.variance["log_scale"]]))
    return torch.stack(rows)
