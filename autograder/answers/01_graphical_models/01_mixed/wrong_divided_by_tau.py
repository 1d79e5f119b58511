"""diagnosis: zero_scale"""
import math

import torch


def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    r = y - design @ beta
    n = len(y)
    z = (groups[:, None] == groups.unique()).to(y.dtype)
    precision = torch.eye(z.shape[1], dtype=y.dtype) / tau**2 + z.T @ z / sigma**2
    b = z.T @ r / sigma**2
    quadratic = (r @ r) / sigma**2 - b @ torch.linalg.solve(precision, b)
    log_det = torch.linalg.slogdet(precision).logabsdet + 2 * z.shape[1] * torch.log(tau) + 2 * n * torch.log(sigma)
    return -0.5 * (quadratic + log_det + n * math.log(2 * math.pi))
