"""Idiom: one Gaussian with the dense covariance."""
import torch
from torch.distributions import MultivariateNormal


def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    same = (groups[:, None] == groups[None, :]).to(y.dtype)
    covariance = tau**2 * same + sigma**2 * torch.eye(len(y), dtype=y.dtype)
    return MultivariateNormal(design @ beta, covariance).log_prob(y)
