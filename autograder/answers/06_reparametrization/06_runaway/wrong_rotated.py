"""diagnosis: rotated"""
import math

import torch


def runaway(eps, log_det):
    D = eps.shape[1]
    v = torch.linalg.svd(eps - eps.mean(0), full_matrices=True).Vh[-1]
    covariance = torch.eye(D, dtype=eps.dtype) + (math.exp(2 * log_det) - 1) * torch.outer(v, v)
    L = torch.linalg.cholesky(covariance + 1e-9 * torch.eye(D, dtype=eps.dtype))
    L = L * torch.exp((log_det - L.diagonal().log().sum()) / D)
    return torch.zeros(D, dtype=eps.dtype), L
