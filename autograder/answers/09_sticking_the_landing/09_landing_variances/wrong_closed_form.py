"""diagnosis: no_spread"""
import torch


def landing_variances(loc, log_scale, x, replicates, generator):
    s, c = log_scale.exp(), x - 2 * loc
    total = torch.cat([4 * s**2, (c * s) ** 2 + 8 * s**4])
    path = torch.cat([(1 / s - 2 * s) ** 2, (c * s) ** 2 + 2 * (1 - 2 * s**2) ** 2])
    return torch.stack([total, path])
