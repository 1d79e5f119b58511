"""diagnosis: single_precision"""
import math

import torch


def two_bernoullis(intercepts, slopes):
    z = torch.linspace(-10, 10, 20001)
    prior = torch.exp(-0.5 * z**2) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    p = torch.sigmoid(intercepts[:, None] + slopes[:, None] * z)
    both = torch.stack([1 - p, p], 1)
    table = torch.einsum("iz,jz,z->ij", both[0], both[1], prior.double())
    p1, p2 = table[1].sum(), table[:, 1].sum()
    return table, (table[1, 1] - p1 * p2) / torch.sqrt(p1 * (1 - p1) * p2 * (1 - p2))
