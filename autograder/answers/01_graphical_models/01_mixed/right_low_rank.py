"""Idiom: a factor for the groups, and a diagonal for the noise."""
import torch
from torch.distributions import LowRankMultivariateNormal
from torch.nn.functional import one_hot


def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    indicator = one_hot(torch.unique(groups, return_inverse=True)[1]).to(y.dtype)
    return LowRankMultivariateNormal(design @ beta, tau * indicator, (sigma**2).expand(len(y))).log_prob(y)
