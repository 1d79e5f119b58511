"""Idiom: a vector that is orthogonal to all differences of the noise, as the last row."""
import math

import torch


def runaway(eps, log_det):
    D = eps.shape[1]
    centred = eps - eps.mean(0)
    row = torch.linalg.svd(centred, full_matrices=True).Vh[-1]        # orthogonal to K - 1 < D differences
    row = row / row[-1] * math.exp(log_det)
    L = torch.eye(D, dtype=eps.dtype)
    L[-1] = row
    loc = torch.zeros(D, dtype=eps.dtype)
    loc[-1] = -(row @ eps[0])
    return loc, L
