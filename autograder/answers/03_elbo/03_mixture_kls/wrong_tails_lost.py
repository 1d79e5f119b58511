"""diagnosis: tails_lost"""
import math

import torch


def forward_and_reverse_kl(loc, scale, weights, means, scales):
    z = torch.linspace(-40, 40, 200001, dtype=torch.float64)
    normal = lambda m, s: torch.exp(-0.5 * ((z - m) / s) ** 2) / (s * math.sqrt(2 * math.pi))
    p = sum(w * normal(m, s) for w, m, s in zip(weights, means, scales))
    q = normal(loc, scale)
    dz = z[1] - z[0]
    return (p * (p / q).log()).nansum() * dz, (q * (q / p).log()).sum() * dz
