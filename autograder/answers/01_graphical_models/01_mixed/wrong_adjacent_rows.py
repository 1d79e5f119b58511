"""diagnosis: adjacent_rows"""
import math

import torch


def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    r = y - design @ beta
    n = len(y)
    run = torch.unique_consecutive(groups, return_inverse=True)[1]
    same = (run[:, None] == run[None, :]).to(y.dtype)
    v = tau**2 * same + sigma**2 * torch.eye(n, dtype=y.dtype)
    quadratic = r @ torch.linalg.solve(v, r)
    return -0.5 * (quadratic + torch.linalg.slogdet(v).logabsdet + n * math.log(2 * math.pi))
