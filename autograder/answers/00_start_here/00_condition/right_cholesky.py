"""Idiom: Cholesky factors instead of an inverse."""
import torch


def condition(mean, covariance, x):
    dim = mean.shape[0] - x.shape[-1]
    zz, zx, xx = covariance[:dim, :dim], covariance[:dim, dim:], covariance[dim:, dim:]
    root = torch.linalg.cholesky(xx)
    half = torch.linalg.solve_triangular(root, zx.T, upper=False)
    white = torch.linalg.solve_triangular(root, (x - mean[dim:]).unsqueeze(-1), upper=False)
    return mean[:dim] + (half.T @ white).squeeze(-1), zz - half.T @ half
