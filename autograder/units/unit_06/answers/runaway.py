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


# %% wrong dense, from right null_vector: L must be lower triangular: row i uses eps_1 to eps_i.
# diagnosis: not_triangular
import math

import torch


def runaway(eps, log_det):
    D = eps.shape[1]
    v = torch.linalg.svd(eps - eps.mean(0), full_matrices=True).Vh[-1]
    root = torch.eye(D, dtype=eps.dtype) + (math.exp(log_det) - 1) * torch.outer(v, v)
    return -(root @ eps.mean(0)), root


# %% wrong diagonal, from right null_vector: A diagonal L stretches every sample with itself.
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


# %% wrong log_det_as_entry, from right lstsq: log_det went into the diagonal as it is. Take its exponential.
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


# %% wrong log_det_of_covariance, from right lstsq: This is the log determinant of the covariance L L', which is twice that of L.
# diagnosis: log_det_of_covariance
#-     lam = math.exp(log_det)
#+     lam = math.exp(log_det / 2)
#@@
#-     L[-1, :-1] = w[:-1]
#-     L[-1, -1] = lam
#+     L[-1, :-1], L[-1, -1] = w[:-1], lam


# %% wrong mean_not_used, from right null_vector: With K = D there is one equation too many for the last row of L, as long as the mean stands still.
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


# %% wrong rotated, from right null_vector: L L' has the right covariance, but a triangular root of it turns the noise: L eps is another vector than A eps.
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


# %% wrong single_precision, from right lstsq: Millions must cancel here, and seven digits are not enough.
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


# %% wrong transposed, from right lstsq: This is an upper triangle. Row i of L may use eps_1 to eps_i.
# diagnosis: upper
#-     L[-1, :-1] = w[:-1]
#+     L[:-1, -1] = w[:-1]
