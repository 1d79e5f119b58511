"""diagnosis: too_coarse"""
import numpy as np
import torch


def two_bernoullis(intercepts, slopes):
    nodes, weights = np.polynomial.hermite_e.hermegauss(48)
    z, prior = torch.from_numpy(nodes), torch.from_numpy(weights / weights.sum())
    p = torch.sigmoid(intercepts[:, None] + slopes[:, None] * z)
    both = torch.stack([1 - p, p], 1)
    table = torch.einsum("iz,jz,z->ij", both[0], both[1], prior)
    p1, p2 = table[1].sum(), table[:, 1].sum()
    return table, (table[1, 1] - p1 * p2) / torch.sqrt(p1 * (1 - p1) * p2 * (1 - p2))
