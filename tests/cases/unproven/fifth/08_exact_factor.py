import math

import numpy as np
import torch
from torch import Tensor


# %% right least_eigenvalue: sigma^2 is the least eigenvalue, B the other eigenvectors by the roots of what is left
def exact_factor(covariance):
    values, vectors = torch.linalg.eigh(covariance)
    return vectors[:, 1:] * (values[1:] - values[0]).clamp(min=0).sqrt(), values[0].sqrt().expand(len(covariance))


# %% right cholesky_last_column: half of what a diagonal may take is taken off, a Cholesky factor of the rest in loops; its last column has one entry, which joins the diagonal
def exact_factor(covariance):
    c = covariance.tolist()
    size = len(c)
    d = [math.sqrt(c[i][i]) for i in range(size)]
    r = covariance / covariance.diagonal().sqrt() / covariance.diagonal().sqrt()[:, None]
    take = 0.5 * float(torch.linalg.eigvalsh(r)[0])
    root = [[0.0] * size for _ in range(size)]
    for j in range(size):
        for i in range(j, size):
            value = float(r[i, j]) - (take if i == j else 0.0) - sum(root[i][k] * root[j][k] for k in range(j))
            root[i][j] = math.sqrt(value) if i == j else value / root[j][j]
    scale = [d[i] * math.sqrt(take + (root[i][i] ** 2 if i == size - 1 else 0.0)) for i in range(size)]
    factor = [[d[i] * root[i][k] for k in range(size - 1)] for i in range(size)]
    return torch.tensor(factor, dtype=torch.float64), torch.tensor(scale, dtype=torch.float64)


# %% right correlation_svd: in NumPy, on the correlations: the singular values of the rest, so that sigma has the latents' own units
def exact_factor(covariance):
    c = np.asarray(covariance)
    d = np.sqrt(c.diagonal())
    r = c / np.outer(d, d)
    low = np.linalg.eigvalsh(r)[0]
    left, values, _ = np.linalg.svd(r - low * np.eye(len(c)))
    return d[:, None] * left[:, :-1] * np.sqrt(values[:-1]), d * math.sqrt(low)


# %% wrong least_variance: the least of the variances is taken off in place of the least eigenvalue, negative eigenvalues are clamped; right for diagonal covariances
def exact_factor(covariance):
    low = covariance.diagonal().min()
    values, vectors = torch.linalg.eigh(covariance - low * torch.eye(len(covariance), dtype=torch.float64))
    return vectors[:, 1:] * values[1:].clamp(min=0).sqrt(), low.sqrt().expand(len(covariance))


# %% wrong principal_axis_rounds: factor analysis by a hundred rounds of principal axes from half the variances, near but not there where convergence is slow
def exact_factor(covariance):
    noise = 0.5 * covariance.diagonal()
    for _ in range(100):
        values, vectors = torch.linalg.eigh(covariance - torch.diag(noise))
        factor = vectors[:, 1:] * values[1:].clamp(min=0).sqrt()
        noise = (covariance - factor @ factor.mT).diagonal().clamp(min=1e-3 * covariance.diagonal())
    return factor, noise.sqrt()


# %% wrong probabilistic_pca: the likelihood's best B by probabilistic PCA, with the last eigenvalue as noise, but the eigenvalues themselves as the squared loadings
def exact_factor(covariance):
    values, vectors = torch.linalg.eigh(covariance)
    return vectors[:, 1:] * values[1:].sqrt(), values[0].sqrt().expand(len(covariance))


# %% wrong nearly_all: 0.999 of the least eigenvalue is taken off "for safety", and the direction that is left with a thousandth of it is dropped
def exact_factor(covariance):
    values, vectors = torch.linalg.eigh(covariance)
    low = 0.999 * values[0]
    return vectors[:, 1:] * (values[1:] - low).sqrt(), low.sqrt().expand(len(covariance))


# %% wrong floor_of_noise: sigma^2 is kept at 1e-4 at least, "nothing tiny"; off for small units or nearly singular covariances
def exact_factor(covariance):
    values, vectors = torch.linalg.eigh(covariance)
    low = values[0].clamp(min=1e-4)
    return vectors[:, 1:] * (values[1:] - low).clamp(min=0).sqrt(), low.sqrt().expand(len(covariance))


# %% wrong bare_cholesky: the Cholesky factor without its last column, and its last entry as the last sigma; the others are zero, where all are to be above zero
def exact_factor(covariance):
    root = torch.linalg.cholesky(covariance)
    scale = torch.zeros(len(root), dtype=torch.float64)
    scale[-1] = root[-1, -1]
    return root[:, :-1], scale


# %% wrong tiny_noise_cholesky: the Cholesky factor without its last column, 1e-3 as the first sigmas, added and not taken off the covariance before
def exact_factor(covariance):
    root = torch.linalg.cholesky(covariance)
    scale = torch.full((len(root),), 1e-3, dtype=torch.float64)
    scale[-1] = root[-1, -1]
    return root[:, :-1], scale


# %% wrong dropped_positive: sorts by size of what is left and drops a direction by its place in the unsorted list: eigenvectors of eig, not eigh, so the first need not be the least
def exact_factor(covariance):
    values, vectors = torch.linalg.eig(covariance)
    values, vectors = values.real, vectors.real
    low = values.min()
    return vectors[:, 1:] * (values[1:] - low).clamp(min=0).sqrt(), low.sqrt().expand(len(covariance))


# %% wrong power_of_inverse: the least eigenvalue by twenty rounds of inverse iteration from ones, not enough where the two least are close
def exact_factor(covariance):
    v = torch.ones(len(covariance), dtype=torch.float64)
    for _ in range(20):
        v = torch.linalg.solve(covariance, v)
        v = v / v.norm()
    low = v @ covariance @ v
    values, vectors = torch.linalg.eigh(covariance - low * torch.eye(len(v), dtype=torch.float64))
    return vectors[:, 1:] * values[1:].clamp(min=0).sqrt(), low.sqrt().expand(len(v))
