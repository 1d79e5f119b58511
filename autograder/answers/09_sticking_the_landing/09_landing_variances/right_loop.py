"""Idiom: one replicate at a time, squares added up."""
import math

import torch

from course_vi.models import ConjugateToy


def landing_variances(loc, log_scale, x, replicates, generator):
    p = ConjugateToy()
    kept = torch.zeros(replicates, 2, 2, dtype=loc.dtype)
    for r in range(replicates):
        eps = torch.randn(1, 1, generator=generator, dtype=loc.dtype)
        for row in range(2):
            m, l = loc.clone().requires_grad_(), log_scale.clone().requires_grad_()
            z = m + l.exp() * eps
            mq, lq = (m, l) if row == 0 else (m.detach(), l.detach())
            log_q = (-0.5 * ((z - mq) / lq.exp()) ** 2 - lq - 0.5 * math.log(2 * math.pi)).sum(-1)
            (p.log_joint(x, z) - log_q).sum().backward()
            kept[r, row, 0], kept[r, row, 1] = m.grad.item(), l.grad.item()
    mean = kept.mean(0)
    return ((kept - mean) ** 2).sum(0) / (replicates - 1)
