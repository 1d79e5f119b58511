"""diagnosis: latents_at_zero"""
import math

import torch


def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    r = y - design @ beta
    n = len(y)
    same = (groups[:, None] == groups[None, :]).to(y.dtype)
    v = sigma**2 * torch.eye(n, dtype=y.dtype)
    quadratic = r @ torch.linalg.solve(v, r)
    return -0.5 * (quadratic + torch.linalg.slogdet(v).logabsdet + n * math.log(2 * math.pi))
