"""Idiom: KL divergences of torch.distributions, to the best and to the given q."""
import torch
from torch.distributions import MultivariateNormal, kl_divergence


def gaps(weight, variance, x, loc, log_scale):
    precision = torch.eye(weight.shape[1], dtype=weight.dtype) + weight.T @ weight / variance
    covariance = torch.linalg.inv(precision)
    posterior = MultivariateNormal(x @ weight @ covariance / variance, covariance)
    best = MultivariateNormal(posterior.mean, torch.diag_embed(1 / precision.diagonal()).expand(*loc.shape, loc.shape[-1]))
    q = MultivariateNormal(loc, torch.diag_embed((2 * log_scale).exp()))
    least = kl_divergence(best, posterior)
    return least, kl_divergence(q, posterior) - least
