"""Idiom: three ELBOs in closed form: evidence, best, given."""
import math

import torch
from torch.distributions import MultivariateNormal


def gaps(weight, variance, x, loc, log_scale):
    data, dim = weight.shape
    precision = torch.eye(dim, dtype=weight.dtype) + weight.T @ weight / variance

    def elbo(m, s2):
        fit = -0.5 * ((x - m @ weight.T) ** 2).sum(-1) / variance - 0.5 * data * torch.log(2 * math.pi * variance)
        prior = -0.5 * (m**2).sum(-1) - 0.5 * dim * math.log(2 * math.pi)
        spread = -0.5 * (precision.diagonal() * s2).sum(-1)
        entropy = 0.5 * (torch.log(2 * math.pi * math.e * s2)).sum(-1)
        return fit + prior + spread + entropy

    covariance = weight @ weight.T + variance * torch.eye(data, dtype=x.dtype)
    evidence = MultivariateNormal(torch.zeros(data, dtype=x.dtype), covariance).log_prob(x)
    mean = torch.linalg.solve(precision, weight.T @ x.unsqueeze(-1) / variance).squeeze(-1)
    best = elbo(mean, (1 / precision.diagonal()).expand_as(mean))
    return evidence - best, best - elbo(loc, (2 * log_scale).exp())
