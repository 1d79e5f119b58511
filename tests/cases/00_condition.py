import numpy as np
import torch


# %% right inverse_of_precision: Through the precision matrix, one x at a time.
def condition(mean, covariance, x):
    d = len(mean) - x.shape[-1]
    precision = torch.linalg.inv(covariance)
    cov = torch.linalg.inv(precision[:d, :d])
    rows = [
        mean[:d] - cov @ precision[:d, d:] @ (row - mean[d:]) for row in x.reshape(-1, x.shape[-1])
    ]
    return torch.stack(rows).reshape(*x.shape[:-1], d), cov


# %% right numpy_list: NumPy arrays in a list.
def condition(mean, covariance, x):
    m, S, y = mean.numpy(), covariance.numpy(), x.numpy()
    d = len(m) - y.shape[-1]
    gain = np.linalg.solve(S[d:, d:], S[d:, :d]).T
    return [m[:d] + (y - m[d:]) @ gain.T, S[:d, :d] - gain @ S[d:, :d]]


# %% right vmap: vmap over the observations.
def condition(mean, covariance, x):
    d = len(mean) - x.shape[-1]
    gain = covariance[:d, d:] @ torch.linalg.inv(covariance[d:, d:])
    rows = torch.func.vmap(lambda row: mean[:d] + gain @ (row - mean[d:]))(
        x.reshape(-1, x.shape[-1])
    )
    return rows.reshape(*x.shape[:-1], d), covariance[:d, :d] - gain @ covariance[d:, :d]


# %% wrong destroys_x: The surprise is formed inside the caller's x.
def condition(mean, covariance, x):
    d = len(mean) - x.shape[-1]
    x -= mean[d:]
    gain = torch.linalg.solve(covariance[d:, d:], covariance[d:, :d]).T
    return mean[:d] + x @ gain.T, covariance[:d, :d] - gain @ covariance[d:, :d]


# %% wrong destroys_covariance: The conditional covariance is left in the caller's matrix.
def condition(mean, covariance, x):
    d = len(mean) - x.shape[-1]
    zz, zx, xx = covariance[:d, :d], covariance[:d, d:], covariance[d:, d:]
    gain = torch.linalg.solve(xx, zx.T).T
    zz -= gain @ zx.T
    return mean[:d] + (x - mean[d:]) @ gain.T, zz.clone()


# %% wrong jitter: A little is added to the diagonal of the observed block.
# not told: x is multiplied as it is
def condition(mean, covariance, x):
    d = len(mean) - x.shape[-1]
    xx = covariance[d:, d:] + 1e-4 * torch.eye(x.shape[-1], dtype=x.dtype)
    gain = torch.linalg.solve(xx, covariance[d:, :d]).T
    return mean[:d] + (x - mean[d:]) @ gain.T, covariance[:d, :d] - gain @ covariance[d:, :d]


# %% wrong cut_in_the_middle: The vector is cut in the middle, whatever the length of x.
def condition(mean, covariance, x):
    d = len(mean) // 2
    gain = torch.linalg.solve(covariance[d:, d:], covariance[:d, d:].T).T
    return mean[:d] + (x[..., : len(mean) - d] - mean[d:]) @ gain.T, covariance[
        :d, :d
    ] - gain @ covariance[d:, :d]


# %% wrong diagonal_of_x: The observed block is taken to be diagonal.
def condition(mean, covariance, x):
    d = len(mean) - x.shape[-1]
    gain = covariance[:d, d:] / covariance[d:, d:].diagonal()
    return mean[:d] + (x - mean[d:]) @ gain.T, covariance[:d, :d] - gain @ covariance[d:, :d]
