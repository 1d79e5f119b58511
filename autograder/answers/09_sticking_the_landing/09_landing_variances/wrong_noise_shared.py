"""diagnosis: noise_shared"""
import torch


def landing_variances(loc, log_scale, x, replicates, generator):
    eps = torch.randn(1, generator=generator, dtype=loc.dtype).expand(replicates)
    s = log_scale.exp()
    slope = x - 2 * (loc + s * eps) + eps / s
    path = torch.stack([slope, slope * s * eps])
    score = torch.stack([-eps / s, 1 - eps**2])
    return torch.stack([(path + score).var(1), path.var(1)])
