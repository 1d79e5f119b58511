"""diagnosis: diagonal"""
import math

import torch


def runaway(eps, log_det):
    D = eps.shape[1]
    L = torch.eye(D, dtype=eps.dtype)
    L[-1, -1] = math.exp(log_det)
    return torch.zeros(D, dtype=eps.dtype), L
