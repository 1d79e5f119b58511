import math

import numpy as np
import torch


def construct(eps, log_det):
    dim, stretch = eps.shape[1], math.exp(log_det)
    unknowns = torch.cat([eps[:, :-1], torch.ones(len(eps), 1, dtype=eps.dtype)], -1)
    solved = torch.linalg.lstsq(unknowns, -stretch * eps[:, -1:], driver="gelsd").solution[:, 0]
    loc, root = torch.zeros(dim, dtype=eps.dtype), torch.eye(dim, dtype=eps.dtype)
    loc[-1] = solved[-1]
    root[-1, :-1], root[-1, -1] = solved[:-1], stretch
    return loc, root


# %% right numpy_list: NumPy, in a list.
def runaway(eps, log_det):
    e = eps.numpy()
    K, D = e.shape
    A = np.concatenate([e[:, :-1], np.ones((K, 1))], 1)
    w = np.linalg.lstsq(A, -math.exp(log_det) * e[:, -1], rcond=None)[0]
    L, loc = np.eye(D), np.zeros(D)
    L[-1, :-1], L[-1, -1], loc[-1] = w[:-1], math.exp(log_det), w[-1]
    return [loc, L]


# %% right orthogonal_row: A row orthogonal to the differences of the noise.
def runaway(eps, log_det):
    D = eps.shape[1]
    row = torch.linalg.svd(eps - eps.mean(0), full_matrices=True).Vh[-1]
    row = row / row[-1] * math.exp(log_det)
    L = torch.eye(D, dtype=eps.dtype)
    L[-1] = row
    loc = torch.zeros(D, dtype=eps.dtype)
    loc[-1] = -(eps @ row).mean()
    return loc, L


# %% wrong destroys: The last column of the caller's noise becomes the column of ones.
def runaway(eps, log_det):
    loc, root = construct(eps, log_det)
    eps[:, -1] = 1.0
    return loc, root


# %% wrong destroys_by_centring: The noise is centred in place.
def runaway(eps, log_det):
    loc, root = construct(eps, log_det)
    eps -= eps.mean(0)
    return loc, root


# %% wrong ridge: A small ridge in the equations: the samples move when log det is large.
# not told: has the right covariance
def runaway(eps, log_det):
    D, stretch = eps.shape[1], math.exp(log_det)
    A = torch.cat([eps[:, :-1], torch.ones(len(eps), 1, dtype=eps.dtype)], -1)
    w = torch.linalg.solve(
        A.T @ A + 1e-3 * torch.eye(D, dtype=eps.dtype), -A.T @ (stretch * eps[:, -1])
    )
    loc, root = torch.zeros(D, dtype=eps.dtype), torch.eye(D, dtype=eps.dtype)
    loc[-1], root[-1, :-1], root[-1, -1] = w[-1], w[:-1], stretch
    return loc, root


# %% wrong log_det_clamped: log det is cut off at seven.
def runaway(eps, log_det):
    return construct(eps, min(log_det, 7.0))


# %% wrong fixed_log_det: log det is always four.
def runaway(eps, log_det):
    return construct(eps, 4.0)


# %% wrong no_mean: The mean is not among the unknowns: no room where K = D.
def runaway(eps, log_det):
    D, stretch = eps.shape[1], math.exp(log_det)
    w = torch.linalg.lstsq(eps[:, :-1], -stretch * eps[:, -1:], driver="gelsd").solution[:, 0]
    root = torch.eye(D, dtype=eps.dtype)
    root[-1, :-1], root[-1, -1] = w, stretch
    return torch.zeros(D, dtype=eps.dtype), root
