"""diagnosis: sampled"""

import torch


def two_bernoullis(intercepts, slopes):
    z = torch.randn(100_000, dtype=torch.float64)
    prior = torch.full_like(z, 1 / len(z))
    p = torch.sigmoid(intercepts[:, None] + slopes[:, None] * z)
    both = torch.stack([1 - p, p], 1)
    table = torch.einsum("iz,jz,z->ij", both[0], both[1], prior)
    p1, p2 = table[1].sum(), table[:, 1].sum()
    return table, (table[1, 1] - p1 * p2) / torch.sqrt(p1 * (1 - p1) * p2 * (1 - p2))
