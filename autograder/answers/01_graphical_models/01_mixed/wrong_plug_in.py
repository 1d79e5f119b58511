"""diagnosis: plug_in"""
import math

import torch


def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    r = y - design @ beta
    n = len(y)
    same = (groups[:, None] == groups[None, :]).to(y.dtype)
    v = tau**2 * same + sigma**2 * torch.eye(n, dtype=y.dtype)
    guess = tau**2 * same @ torch.linalg.solve(v, r)
    return -0.5 * (((r - guess) / sigma) ** 2).sum() - n * torch.log(sigma) - 0.5 * n * math.log(2 * math.pi)
