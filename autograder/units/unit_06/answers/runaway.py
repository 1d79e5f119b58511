# %% right lstsq: One stretched row, solved by least squares, the mean among the unknowns.
import math

import torch


def runaway(eps, log_det):
    K, D = eps.shape
    lam = math.exp(log_det)
    A = torch.cat([eps[:, :-1], torch.ones(K, 1, dtype=eps.dtype)], 1)
    w = torch.linalg.pinv(A) @ (-lam * eps[:, -1])
    L = torch.eye(D, dtype=eps.dtype)
    L[-1, :-1] = w[:-1]
    L[-1, -1] = lam
    loc = torch.zeros(D, dtype=eps.dtype)
    loc[-1] = w[-1]
    return loc, L


# %% right many_rows: Every row that can be stretched shares the determinant.
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


# %% right null_vector: A vector that is orthogonal to all differences of the noise, as the last row.
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


# %% wrong dense, from right null_vector: I + (c - 1) v v' stretches the unseen direction and leaves the samples alone, but it is no triangle.
# diagnosis: not_triangular
import math

import torch


def runaway(eps, log_det):
    D = eps.shape[1]
    v = torch.linalg.svd(eps - eps.mean(0), full_matrices=True).Vh[-1]
    root = torch.eye(D, dtype=eps.dtype) + (math.exp(log_det) - 1) * torch.outer(v, v)
    return -(root @ eps.mean(0)), root


# %% wrong diagonal, from right null_vector: The last diagonal entry alone is stretched: every sample is stretched along with it.
# diagnosis: diagonal
#-     centred = eps - eps.mean(0)
#-     row = torch.linalg.svd(centred, full_matrices=True).Vh[-1]        # orthogonal to K - 1 < D differences
#-     row = row / row[-1] * math.exp(log_det)
#@@
#-     L[-1] = row
#-     loc = torch.zeros(D, dtype=eps.dtype)
#-     loc[-1] = -(row @ eps[0])
#-     return loc, L
#+     L[-1, -1] = math.exp(log_det)
#+     return torch.zeros(D, dtype=eps.dtype), L


# %% wrong log_det_as_entry, from right lstsq: log_det stands on the diagonal as it is: the logarithm of the determinant is then log(log_det).
# diagnosis: log_det_as_entry
#- import math
#-
#@@
#-     lam = math.exp(log_det)
#@@
#-     w = torch.linalg.pinv(A) @ (-lam * eps[:, -1])
#+     w = torch.linalg.pinv(A) @ (-log_det * eps[:, -1])
#@@
#-     L[-1, :-1] = w[:-1]
#-     L[-1, -1] = lam
#+     L[-1, :-1], L[-1, -1] = w[:-1], log_det


# %% wrong log_det_of_covariance, from right lstsq: The stretch is exp(log_det / 2): the covariance L L' gets the determinant that L was to have.
# diagnosis: log_det_of_covariance
#-     lam = math.exp(log_det)
#+     lam = math.exp(log_det / 2)
#@@
#-     L[-1, :-1] = w[:-1]
#-     L[-1, -1] = lam
#+     L[-1, :-1], L[-1, -1] = w[:-1], lam


# %% wrong mean_not_used, from right null_vector: The mean stays at zero: K equations for D - 1 free entries, one too many where K = D.
# diagnosis: mean_not_used
#-     centred = eps - eps.mean(0)
#-     row = torch.linalg.svd(centred, full_matrices=True).Vh[-1]        # orthogonal to K - 1 < D differences
#-     row = row / row[-1] * math.exp(log_det)
#+     lam = math.exp(log_det)
#@@
#-     L[-1] = row
#-     loc = torch.zeros(D, dtype=eps.dtype)
#-     loc[-1] = -(row @ eps[0])
#-     return loc, L
#+     if D > 1:
#+         L[-1, :-1] = torch.linalg.pinv(eps[:, :-1]) @ (-lam * eps[:, -1])
#+     L[-1, -1] = lam
#+     return torch.zeros(D, dtype=eps.dtype), L


# %% wrong rotated, from right null_vector: The Cholesky factor of the right covariance: it is another root, and turns the noise before it stretches.
# diagnosis: rotated
import math

import torch


def runaway(eps, log_det):
    D = eps.shape[1]
    v = torch.linalg.svd(eps - eps.mean(0), full_matrices=True).Vh[-1]
    covariance = torch.eye(D, dtype=eps.dtype) + (math.exp(2 * log_det) - 1) * torch.outer(v, v)
    L = torch.linalg.cholesky(covariance + 1e-9 * torch.eye(D, dtype=eps.dtype))
    L = L * torch.exp((log_det - L.diagonal().log().sum()) / D)
    return torch.zeros(D, dtype=eps.dtype), L


# %% wrong single_precision, from right lstsq: Solved in single precision: millions are to cancel, and seven digits leave the samples astray.
# diagnosis: single_precision
#      K, D = eps.shape
#+     eps = eps.float()
#@@
#-     A = torch.cat([eps[:, :-1], torch.ones(K, 1, dtype=eps.dtype)], 1)
#+     A = torch.cat([eps[:, :-1], torch.ones(K, 1)], 1)
#@@
#-     L = torch.eye(D, dtype=eps.dtype)
#-     L[-1, :-1] = w[:-1]
#-     L[-1, -1] = lam
#-     loc = torch.zeros(D, dtype=eps.dtype)
#+     L = torch.eye(D)
#+     L[-1, :-1], L[-1, -1] = w[:-1], lam
#+     loc = torch.zeros(D)


# %% wrong transposed, from right lstsq: The solution fills the last column, above the diagonal: z = eps L was in mind, and not L eps.
# diagnosis: upper
#-     L[-1, :-1] = w[:-1]
#+     L[:-1, -1] = w[:-1]


# %% wrong centred_in_place, from right null_vector: eps -= eps.mean(0) centres the caller's frozen noise: whoever uses it next has other samples.
# diagnosis: argument_changed
#-     centred = eps - eps.mean(0)
#-     row = torch.linalg.svd(centred, full_matrices=True).Vh[-1]        # orthogonal to K - 1 < D differences
#+     first = eps[0].clone()
#+     eps -= eps.mean(0)
#+     row = torch.linalg.svd(eps, full_matrices=True).Vh[-1]
#@@
#-     loc[-1] = -(row @ eps[0])
#+     loc[-1] = -(row @ first)


# %% wrong ridge, from right lstsq: A small ridge keeps the system regular: the samples nearly stay, and move as soon as log det is large.
# diagnosis: not_bounded
#-     w = torch.linalg.pinv(A) @ (-lam * eps[:, -1])
#+     w = torch.linalg.solve(A.T @ A + 1e-3 * torch.eye(D, dtype=eps.dtype), -lam * A.T @ eps[:, -1])
