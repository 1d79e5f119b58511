"""diagnosis: best_at_the_encoders_mean"""
import torch


def kl(precision, mean, loc, log_scale):
    far = loc - mean
    inside = (precision.diagonal() * (2 * log_scale).exp()).sum(-1) + ((far @ precision) * far).sum(-1)
    return 0.5 * (inside - loc.shape[-1] - 2 * log_scale.sum(-1) - torch.logdet(precision))


def gaps(weight, variance, x, loc, log_scale):
    precision = torch.eye(weight.shape[1], dtype=weight.dtype) + weight.T @ weight / variance
    mean = torch.linalg.solve(precision, (x @ weight / variance).unsqueeze(-1)).squeeze(-1)
    best = kl(precision, mean, loc, -0.5 * precision.diagonal().log().expand_as(mean))
    return best, kl(precision, mean, loc, log_scale) - best
