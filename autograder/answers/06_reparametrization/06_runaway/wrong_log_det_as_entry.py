"""diagnosis: log_det_as_entry"""
import torch


def runaway(eps, log_det):
    K, D = eps.shape
    A = torch.cat([eps[:, :-1], torch.ones(K, 1, dtype=eps.dtype)], 1)
    w = torch.linalg.pinv(A) @ (-log_det * eps[:, -1])
    L = torch.eye(D, dtype=eps.dtype)
    L[-1, :-1], L[-1, -1] = w[:-1], log_det
    loc = torch.zeros(D, dtype=eps.dtype)
    loc[-1] = w[-1]
    return loc, L
