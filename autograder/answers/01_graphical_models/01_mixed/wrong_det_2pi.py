"""diagnosis: underflow"""
import torch


def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    covariance = tau**2 * (groups[:, None] == groups) + sigma**2 * torch.eye(len(y), dtype=y.dtype)
    residual = y - design @ beta
    return -0.5 * (residual @ torch.linalg.solve(covariance, residual) + torch.log(torch.det(2 * torch.pi * covariance)))
