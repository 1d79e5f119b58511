"""diagnosis: sampled"""
import torch

from course_vi.families import MeanField
from course_vi.models import ConjugateToy


def elbo_and_gap(loc, log_scale, x):
    p, q = ConjugateToy(x.shape[-1]), MeanField(x.shape[-1], loc, log_scale)
    z = loc + log_scale.exp() * torch.randn(5000, *loc.shape, dtype=loc.dtype)
    elbo = (p.log_joint(x, z) - q(x, z)).mean(0)
    return elbo, p.log_evidence(x) - elbo
