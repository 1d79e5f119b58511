"""diagnosis: variance_squared"""
import torch


def kl(precision, mean, loc, log_scale):
    far = loc - mean
    inside = (precision.diagonal() * (2 * log_scale).exp()).sum(-1) + ((far @ precision) * far).sum(-1)
    return 0.5 * (inside - loc.shape[-1] - 2 * log_scale.sum(-1) - torch.logdet(precision))


def gaps(weight, variance, x, loc, log_scale):
    precision = torch.eye(weight.shape[1], dtype=weight.dtype) + weight.T @ weight / variance**2
    mean = torch.linalg.solve(precision, (x @ weight / variance**2).unsqueeze(-1)).squeeze(-1)
    best = kl(precision, mean, mean, -0.5 * precision.diagonal().log().expand_as(mean))
    return best, kl(precision, mean, loc, log_scale) - best
