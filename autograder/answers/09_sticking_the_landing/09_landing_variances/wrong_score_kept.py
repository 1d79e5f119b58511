"""diagnosis: score_kept"""
import torch
from torch.distributions import Normal

from course_vi.models import ConjugateToy


def landing_variances(loc, log_scale, x, replicates, generator):
    p = ConjugateToy()
    rows = []
    for _ in range(2):
        eps = torch.randn(1, replicates, 1, generator=generator, dtype=loc.dtype)
        m = loc.detach().expand(replicates, 1).clone().requires_grad_()
        l = log_scale.detach().expand(replicates, 1).clone().requires_grad_()
        z = m + l.exp() * eps
        log_w = p.log_joint(x, z) - Normal(m, l.exp()).log_prob(z).sum(-1)
        rows.append(torch.stack([g.var() for g in torch.autograd.grad(log_w.sum(), (m, l))]))
    return torch.stack(rows)
