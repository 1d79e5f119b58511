"""Idiom: a sum over a fine grid, weighted by the prior."""
import math

import torch


def two_bernoullis(intercepts, slopes):
    z = torch.linspace(-10, 10, 20001, dtype=torch.float64)
    prior = torch.exp(-0.5 * z**2) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    p = torch.sigmoid(intercepts[:, None] + slopes[:, None] * z)
    table = torch.zeros(2, 2, dtype=torch.float64)
    for i in (0, 1):
        for j in (0, 1):
            table[i, j] = ((p[0] if i else 1 - p[0]) * (p[1] if j else 1 - p[1]) * prior).sum()
    p1, p2 = table[1].sum(), table[:, 1].sum()
    correlation = (table[1, 1] - p1 * p2) / torch.sqrt(p1 * (1 - p1) * p2 * (1 - p2))
    return table, correlation
