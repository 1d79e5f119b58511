"""Idiom: the batch axis is the replicate axis, one backward pass for each row."""
import torch
from torch.distributions import Normal

from course_vi.models import ConjugateToy


def landing_variances(loc, log_scale, x, replicates, generator):
    p = ConjugateToy()
    eps = torch.randn(1, replicates, 1, generator=generator, dtype=loc.dtype)
    rows = []
    for frozen in (False, True):
        m = loc.detach().expand(replicates, 1).clone().requires_grad_()
        l = log_scale.detach().expand(replicates, 1).clone().requires_grad_()
        z = m + l.exp() * eps
        q = Normal(m.detach(), l.detach().exp()) if frozen else Normal(m, l.exp())
        log_w = p.log_joint(x, z) - q.log_prob(z).sum(-1)
        gradients = torch.autograd.grad(log_w.sum(), (m, l))
        rows.append(torch.stack([g.var() for g in gradients]))
    return torch.stack(rows)
