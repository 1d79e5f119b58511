"""diagnosis: single_precision"""
import math

import torch


def runaway(eps, log_det):
    K, D = eps.shape
    eps = eps.float()
    lam = math.exp(log_det)
    A = torch.cat([eps[:, :-1], torch.ones(K, 1)], 1)
    w = torch.linalg.pinv(A) @ (-lam * eps[:, -1])
    L = torch.eye(D)
    L[-1, :-1], L[-1, -1] = w[:-1], lam
    loc = torch.zeros(D)
    loc[-1] = w[-1]
    return loc, L
