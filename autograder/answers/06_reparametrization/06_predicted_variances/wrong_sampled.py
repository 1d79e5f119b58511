"""diagnosis: sampled"""
import torch


def predicted_variances(a, b, m, s):
    e = torch.randn(100_000)
    z = m + s * e
    f, slope = a * z**2 / 2 + b * z, a * z + b
    scores = (e / s, e**2 - 1)
    rows = [[slope.var(), (slope * s * e).var()], [(f * S).var() for S in scores]]
    rows.append([((f - (f * S**2).mean() / (S**2).mean()) * S).var() for S in scores])
    return torch.tensor(rows)
