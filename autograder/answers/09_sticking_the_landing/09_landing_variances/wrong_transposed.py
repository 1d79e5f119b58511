"""diagnosis: transposed"""
import torch


def landing_variances(loc, log_scale, x, replicates, generator):
    eps = torch.randn(replicates, generator=generator, dtype=loc.dtype)
    s = log_scale.exp()
    slope = x - 2 * (loc + s * eps) + eps / s
    path = torch.stack([slope, slope * s * eps])
    score = torch.stack([-eps / s, 1 - eps**2])
    return torch.stack([(path + score).var(1), path.var(1)]).T
