"""diagnosis: total"""
import torch


def gaps(weight, variance, x, loc, log_scale):
    dim = weight.shape[1]
    precision = torch.eye(dim, dtype=weight.dtype) + weight.T @ weight / variance
    mean = torch.linalg.solve(precision, (x @ weight / variance).unsqueeze(-1)).squeeze(-1)
    far = loc - mean
    quadratic = (far * (far @ precision)).sum(-1)
    scale2 = (2 * log_scale).exp()
    total = 0.5 * ((precision.diagonal() * scale2).sum(-1) + quadratic - dim - 2 * log_scale.sum(-1) - torch.logdet(precision))
    best = 0.5 * (precision.diagonal().log().sum() - torch.logdet(precision))
    return best.expand_as(total), total
