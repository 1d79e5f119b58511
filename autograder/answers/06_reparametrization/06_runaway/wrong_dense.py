"""diagnosis: not_triangular"""
import math

import torch


def runaway(eps, log_det):
    D = eps.shape[1]
    v = torch.linalg.svd(eps - eps.mean(0), full_matrices=True).Vh[-1]
    root = torch.eye(D, dtype=eps.dtype) + (math.exp(log_det) - 1) * torch.outer(v, v)
    return -(root @ eps.mean(0)), root
