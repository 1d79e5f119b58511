"""Idiom: groups are independent: one small Gaussian each."""
import torch
from torch.distributions import MultivariateNormal


def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    total = torch.zeros((), dtype=y.dtype)
    for group in groups.unique():
        own = groups == group
        n = int(own.sum())
        cov = tau**2 * torch.ones(n, n, dtype=y.dtype) + sigma**2 * torch.eye(n, dtype=y.dtype)
        total = total + MultivariateNormal(design[own] @ beta, cov).log_prob(y[own])
    return total
