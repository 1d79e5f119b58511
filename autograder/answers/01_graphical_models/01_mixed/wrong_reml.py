"""diagnosis: reml"""
import math

import torch


def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    r = y - design @ beta
    n = len(y)
    same = (groups[:, None] == groups[None, :]).to(y.dtype)
    v = tau**2 * same + sigma**2 * torch.eye(n, dtype=y.dtype)
    quadratic = r @ torch.linalg.solve(v, r)
    information = design.T @ torch.linalg.solve(v, design)
    constant = (n - design.shape[1]) * math.log(2 * math.pi)
    return -0.5 * (quadratic + torch.linalg.slogdet(v).logabsdet + torch.linalg.slogdet(information).logabsdet + constant)
