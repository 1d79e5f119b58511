"""Idiom: one coordinate of x after another."""
import torch


def condition(mean, covariance, x):
    dim = mean.shape[0] - x.shape[-1]
    means, cov = mean.expand(*x.shape[:-1], len(mean)).clone(), covariance.clone()
    for j in range(dim, len(mean)):
        column = cov[:, j] / cov[j, j]
        means = means + (x[..., j - dim] - means[..., j]).unsqueeze(-1) * column
        cov = cov - torch.outer(column, cov[j])
    return means[..., :dim], cov[:dim, :dim]
