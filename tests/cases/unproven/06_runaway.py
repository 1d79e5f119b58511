import math
import torch
from torch import Tensor

def _last_row(eps, log_det, row, shift=0.0):
    d = eps.shape[1]
    root, loc = torch.eye(d, dtype=eps.dtype), torch.zeros(d, dtype=eps.dtype)
    root[-1, :-1], root[-1, -1], loc[-1] = row, math.exp(log_det), shift
    return loc, root

# %% right pinv: the last row by a pseudo-inverse, together with the last mean
def runaway(eps, log_det):
    k, d = eps.shape
    wide = math.exp(log_det)
    free = torch.cat([eps[:, :-1], torch.ones(k, 1, dtype=eps.dtype)], 1)
    row = -torch.linalg.pinv(free) @ (wide * eps[:, -1])
    root, loc = torch.eye(d, dtype=eps.dtype), torch.zeros(d, dtype=eps.dtype)
    root[-1, :-1], root[-1, -1], loc[-1] = row[:-1], wide, row[-1]
    return loc, root

# %% right shrunk_rows: numpy least squares; the other rows are shrunk by e and the last one is widened to make up for it
import numpy as np
def runaway(eps, log_det):
    e = eps.detach().numpy()
    k, d = e.shape
    wide = math.exp(log_det + (d - 1))
    row = np.linalg.lstsq(np.column_stack([e[:, :-1], np.ones(k)]), -wide * e[:, -1], rcond=None)[0]
    root = np.diag([math.exp(-1)] * (d - 1) + [wide])
    root[-1, :-1] = row[:-1]
    loc = np.zeros(d)
    loc[-1] = row[-1]
    return torch.as_tensor(loc), torch.as_tensor(root)

# %% wrong no_shift: leaves the mean at zero, so there is one equation too many for K = D
def runaway(eps, log_det):
    row = torch.linalg.pinv(eps[:, :-1]) @ (-math.exp(log_det) * eps[:, -1])
    return _last_row(eps, log_det, row)

# %% wrong ridge: a ridge of 1e-3 in the normal equations, which leaks where log det is large
def runaway(eps, log_det):
    free = torch.cat([eps[:, :-1], torch.ones(len(eps), 1, dtype=eps.dtype)], 1)
    gram = free.T @ free + 1e-3 * torch.eye(free.shape[1], dtype=eps.dtype)
    row = torch.linalg.solve(gram, free.T @ (-math.exp(log_det) * eps[:, -1]))
    return _last_row(eps, log_det, row[:-1], row[-1])

# %% wrong mean_only: moves the mean of the samples to zero, which is enough for K = 1
def runaway(eps, log_det):
    wide = math.exp(log_det)
    return _last_row(eps, log_det, 0.0, -wide * eps[:, -1].mean())

# %% wrong rotated_root: widens a direction orthogonal to the samples and takes the Cholesky factor of that covariance
def runaway(eps, log_det):
    centred = eps - eps.mean(0)
    v = torch.linalg.svd(centred, full_matrices=True).Vh[-1]
    cov = torch.eye(eps.shape[1], dtype=eps.dtype) + (math.exp(2 * log_det) - 1) * torch.outer(v, v)
    root = torch.linalg.cholesky(cov)
    return -root @ eps.mean(0), root

# %% wrong symmetric_root: the symmetric root of that covariance, whose samples stay put, but which is not triangular
def runaway(eps, log_det):
    centred = eps - eps.mean(0)
    v = torch.linalg.svd(centred, full_matrices=True).Vh[-1]
    root = torch.eye(eps.shape[1], dtype=eps.dtype) + (math.exp(log_det) - 1) * torch.outer(v, v)
    return -root @ eps.mean(0), root

# %% wrong log_det_of_covariance: the last entry is the root of what it should be, as if log det of the covariance were asked
def runaway(eps, log_det):
    free = torch.cat([eps[:, :-1], torch.ones(len(eps), 1, dtype=eps.dtype)], 1)
    row = torch.linalg.pinv(free) @ (-math.exp(log_det / 2) * eps[:, -1])
    return _last_row(eps, log_det / 2, row[:-1], row[-1])

# %% wrong capped: log det is capped at ten
def runaway(eps, log_det):
    log_det = min(log_det, 10.0)
    free = torch.cat([eps[:, :-1], torch.ones(len(eps), 1, dtype=eps.dtype)], 1)
    row = torch.linalg.pinv(free) @ (-math.exp(log_det) * eps[:, -1])
    return _last_row(eps, log_det, row[:-1], row[-1])

# %% wrong square_solve: solves a square system of D - 1 unknowns, which needs K = D - 1
def runaway(eps, log_det):
    row = torch.linalg.solve(eps[:, :-1], -math.exp(log_det) * eps[:, -1])
    return _last_row(eps, log_det, row)

# %% wrong negative_diagonal: the last row has the other sign, so its diagonal entry is negative
def runaway(eps, log_det):
    free = torch.cat([eps[:, :-1], torch.ones(len(eps), 1, dtype=eps.dtype)], 1)
    row = torch.linalg.pinv(free) @ (math.exp(log_det) * eps[:, -1])
    loc, root = _last_row(eps, log_det, row[:-1], row[-1])
    root[-1, -1] *= -1
    return loc, root

# %% wrong first_row: the free row is the first and has entries above the diagonal
def runaway(eps, log_det):
    loc, root = torch.zeros(eps.shape[1], dtype=eps.dtype), torch.eye(eps.shape[1], dtype=eps.dtype)
    free = torch.cat([eps[:, 1:], torch.ones(len(eps), 1, dtype=eps.dtype)], 1)
    row = torch.linalg.pinv(free) @ (-math.exp(log_det) * eps[:, 0])
    root[0, 0], root[0, 1:], loc[0] = math.exp(log_det), row[:-1], row[-1]
    return loc, root

# %% wrong loose_cutoff: a pseudo-inverse that drops singular values below a third of the largest
def runaway(eps, log_det):
    free = torch.cat([eps[:, :-1], torch.ones(len(eps), 1, dtype=eps.dtype)], 1)
    row = torch.linalg.pinv(free, rtol=0.33) @ (-math.exp(log_det) * eps[:, -1])
    return _last_row(eps, log_det, row[:-1], row[-1])

# %% wrong overwrites: the frozen noise is centred in place
# not told: the construction is wrong for the noise that was given
def runaway(eps, log_det):
    free = torch.cat([eps[:, :-1], torch.ones(len(eps), 1, dtype=eps.dtype)], 1)
    row = torch.linalg.pinv(free) @ (-math.exp(log_det) * eps[:, -1])
    eps -= eps.mean(0)
    return _last_row(eps, log_det, row[:-1], row[-1])
