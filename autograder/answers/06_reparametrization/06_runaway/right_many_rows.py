"""Idiom: every row that can be stretched shares the determinant."""
import numpy as np
import torch


def runaway(eps, log_det):
    noise = eps.numpy()
    K, D = noise.shape
    L, loc = np.eye(D), np.zeros(D)
    free = list(range(K - 1, D))
    for i in free:
        A = np.concatenate([noise[:, :i], np.ones((K, 1))], 1)
        lam = np.exp(log_det / len(free))
        w = np.linalg.lstsq(A, -lam * noise[:, i], rcond=None)[0]
        L[i, :i], L[i, i], loc[i] = w[:-1], lam, w[-1]
    return torch.from_numpy(loc), torch.from_numpy(L)
