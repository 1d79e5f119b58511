import math

import numpy as np
import torch
from torch import Tensor


def _pack(eps, row, shift, last):
    """Identity but for the last row; loc is zero but for its last entry."""
    D = eps.shape[1]
    C, loc = torch.eye(D, dtype=eps.dtype), torch.zeros(D, dtype=eps.dtype)
    C[-1, :-1], C[-1, -1], loc[-1] = row, last, shift
    return loc, C


def _design(eps):
    return torch.cat([eps[:, :-1], torch.ones_like(eps[:, :1])], 1)


# %% right least_squares: the last coordinate of all samples is made zero, by least squares
def runaway(eps: Tensor, log_det: float) -> tuple[Tensor, Tensor]:
    last = math.exp(log_det)
    u = torch.linalg.lstsq(_design(eps), -last * eps[:, -1:], driver="gelsd").solution[:, 0]
    return _pack(eps, u[:-1], u[-1], last)


# %% right samples_stay_the_noise: the last coordinate stays what it was in the noise; pseudo-inverse, NumPy
def runaway(eps: Tensor, log_det: float) -> tuple[Tensor, Tensor]:
    A, last = _design(eps).numpy(), math.exp(log_det)
    u = torch.tensor(np.linalg.pinv(A) @ ((1 - last) * eps[:, -1].numpy()))
    return _pack(eps, u[:-1], u[-1], last)


# %% right centred_first: subtracts the mean noise, solves for the row, and lets loc follow
def runaway(eps: Tensor, log_det: float) -> tuple[Tensor, Tensor]:
    last = math.exp(log_det)
    middle = eps.mean(0)
    d = eps - middle
    row = torch.linalg.pinv(d[:, :-1]) @ (-last * d[:, -1])
    return _pack(eps, row, -(row @ middle[:-1] + last * middle[-1]), last)


# %% wrong no_shift: without loc: right for K < D and not for K = D
def runaway(eps: Tensor, log_det: float) -> tuple[Tensor, Tensor]:
    last = math.exp(log_det)
    row = torch.linalg.pinv(eps[:, :-1]) @ (-last * eps[:, -1])
    return _pack(eps, row, 0.0, last)


# %% wrong diagonal: a diagonal matrix, and loc brings the mean sample to zero: right for K = 1
def runaway(eps: Tensor, log_det: float) -> tuple[Tensor, Tensor]:
    D = eps.shape[1]
    C = torch.eye(D, dtype=eps.dtype) * math.exp(log_det / D)
    return -(eps @ C.T).mean(0), C


# %% wrong last_diagonal: only the last diagonal entry grows, and loc recentres: right for K = 1
def runaway(eps: Tensor, log_det: float) -> tuple[Tensor, Tensor]:
    last = math.exp(log_det)
    return _pack(eps, torch.zeros(eps.shape[1] - 1, dtype=eps.dtype), -last * eps[:, -1].mean(), last)


# %% wrong cholesky_of_the_covariance: widens the direction that no sample shows, and takes the Cholesky factor of the covariance
def runaway(eps: Tensor, log_det: float) -> tuple[Tensor, Tensor]:
    _, _, Vt = torch.linalg.svd(eps, full_matrices=True)
    v = Vt[-1]
    S = torch.eye(len(v), dtype=eps.dtype) + (math.exp(2 * log_det) - 1) * torch.outer(v, v)
    return torch.zeros_like(v), torch.linalg.cholesky(S)


# %% wrong ridge: solves the normal equations with 1e-3 on the diagonal: good for a small log_det
def runaway(eps: Tensor, log_det: float) -> tuple[Tensor, Tensor]:
    A, last = _design(eps), math.exp(log_det)
    u = torch.linalg.solve(A.T @ A + 1e-3 * torch.eye(A.shape[1], dtype=A.dtype), A.T @ (-last * eps[:, -1]))
    return _pack(eps, u[:-1], u[-1], last)


# %% wrong upper_triangular: the first row is the dense one: upper triangular
def runaway(eps: Tensor, log_det: float) -> tuple[Tensor, Tensor]:
    last = math.exp(log_det)
    A = torch.cat([eps[:, 1:], torch.ones_like(eps[:, :1])], 1)
    u = torch.linalg.pinv(A) @ (-last * eps[:, 0])
    C, loc = torch.eye(eps.shape[1], dtype=eps.dtype), torch.zeros(eps.shape[1], dtype=eps.dtype)
    C[0, 1:], C[0, 0], loc[0] = u[:-1], last, u[-1]
    return loc, C


# %% wrong negative_diagonal: the last entry is negative: log |det| is right, the diagonal is not positive
def runaway(eps: Tensor, log_det: float) -> tuple[Tensor, Tensor]:
    last = -math.exp(log_det)
    u = torch.linalg.pinv(_design(eps)) @ (-last * eps[:, -1])
    return _pack(eps, u[:-1], u[-1], last)


# %% wrong covariance_determinant: log_det is given to the covariance, half of it to C
def runaway(eps: Tensor, log_det: float) -> tuple[Tensor, Tensor]:
    last = math.exp(log_det / 2)
    u = torch.linalg.pinv(_design(eps)) @ (-last * eps[:, -1])
    return _pack(eps, u[:-1], u[-1], last)


# %% wrong capped: log_det is capped at ten
def runaway(eps: Tensor, log_det: float) -> tuple[Tensor, Tensor]:
    last = math.exp(min(log_det, 10.0))
    u = torch.linalg.pinv(_design(eps)) @ (-last * eps[:, -1])
    return _pack(eps, u[:-1], u[-1], last)


# %% wrong shift_everywhere: the shift of the last coordinate is given to all of them
def runaway(eps: Tensor, log_det: float) -> tuple[Tensor, Tensor]:
    last = math.exp(log_det)
    u = torch.linalg.pinv(_design(eps)) @ (-last * eps[:, -1])
    loc, C = _pack(eps, u[:-1], u[-1], last)
    return loc + u[-1], C


# %% wrong centres_in_place: subtracts the mean from the caller's frozen noise
def runaway(eps: Tensor, log_det: float) -> tuple[Tensor, Tensor]:
    last = math.exp(log_det)
    eps -= eps.mean(0)
    row = torch.linalg.pinv(eps[:, :-1]) @ (-last * eps[:, -1])
    return _pack(eps, row, 0.0, last)


# %% wrong truncated_inverse: a pseudo-inverse that drops singular values below a fifth of the largest
def runaway(eps: Tensor, log_det: float) -> tuple[Tensor, Tensor]:
    last = math.exp(log_det)
    u = torch.linalg.pinv(_design(eps), rtol=0.2) @ (-last * eps[:, -1])
    return _pack(eps, u[:-1], u[-1], last)


# %% wrong shrinks_the_others: the other coordinates are shrunk so that all samples stay small, and the determinant is not corrected for it
def runaway(eps: Tensor, log_det: float) -> tuple[Tensor, Tensor]:
    last = math.exp(log_det)
    u = torch.linalg.pinv(_design(eps)) @ (-last * eps[:, -1])
    loc, C = _pack(eps, u[:-1], u[-1], last)
    C[:-1, :-1] *= 0.99
    return loc, C


# %% wrong descent: two hundred steps of gradient descent on the size of the samples
def runaway(eps: Tensor, log_det: float) -> tuple[Tensor, Tensor]:
    last, A = math.exp(log_det), _design(eps)
    u = torch.zeros(A.shape[1], dtype=A.dtype)
    step = 1 / torch.linalg.matrix_norm(A, 2) ** 2
    for _ in range(200):
        u = u - step * A.T @ (A @ u + last * eps[:, -1])
    return _pack(eps, u[:-1], u[-1], last)


# %% wrong first_samples_only: satisfies the equations of all samples but the last
def runaway(eps: Tensor, log_det: float) -> tuple[Tensor, Tensor]:
    last = math.exp(log_det)
    n = max(len(eps) - 1, 1)
    u = torch.linalg.pinv(_design(eps)[:n]) @ (-last * eps[:n, -1])
    return _pack(eps, u[:-1], u[-1], last)
