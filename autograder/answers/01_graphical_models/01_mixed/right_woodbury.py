"""Idiom: in closed form, from the mean and the size of each group."""
import math

import torch


def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    r = y - design @ beta
    _, index = torch.unique(groups, return_inverse=True)
    size = torch.bincount(index).to(r)
    total = torch.zeros_like(size).scatter_add(0, index, r)
    inner = sigma**2 + size * tau**2
    quadratic = (r**2).sum() / sigma**2 - (tau**2 / (sigma**2 * inner) * total**2).sum()
    log_det = (len(y) - len(size)) * torch.log(sigma**2) + 0 * inner.sum() + torch.log(inner).sum()
    return -0.5 * (quadratic + log_det + len(y) * math.log(2 * math.pi))
