"""diagnosis: upper"""
import math

import torch


def runaway(eps, log_det):
    K, D = eps.shape
    lam = math.exp(log_det)
    A = torch.cat([eps[:, :-1], torch.ones(K, 1, dtype=eps.dtype)], 1)
    w = torch.linalg.pinv(A) @ (-lam * eps[:, -1])
    L = torch.eye(D, dtype=eps.dtype)
    L[:-1, -1] = w[:-1]
    L[-1, -1] = lam
    loc = torch.zeros(D, dtype=eps.dtype)
    loc[-1] = w[-1]
    return loc, L
