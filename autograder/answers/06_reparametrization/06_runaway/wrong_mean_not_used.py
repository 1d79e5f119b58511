"""diagnosis: mean_not_used"""
import math

import torch


def runaway(eps, log_det):
    D = eps.shape[1]
    lam = math.exp(log_det)
    L = torch.eye(D, dtype=eps.dtype)
    if D > 1:
        L[-1, :-1] = torch.linalg.pinv(eps[:, :-1]) @ (-lam * eps[:, -1])
    L[-1, -1] = lam
    return torch.zeros(D, dtype=eps.dtype), L
