import torch
from torch import Tensor

# %% right precision: from the precision matrix of the joint, whose z block is the conditional precision
def condition(mean, covariance, x):
    d = mean.shape[0] - x.shape[-1]
    lam = torch.linalg.inv(covariance)
    cov = torch.linalg.inv(lam[:d, :d])
    return mean[:d] - torch.einsum("...j,ij->...i", x - mean[d:], cov @ lam[:d, d:]), cov

# %% right one_at_a_time: conditions on one coordinate of x after another, looping over the data, in numpy
import numpy as np
def condition(mean, covariance, x):
    m, c, xs = mean.detach().numpy(), covariance.detach().numpy(), x.detach().numpy()
    d = len(m) - xs.shape[-1]
    out = []
    for row in xs.reshape(-1, xs.shape[-1]):
        mu, cov = m.copy(), c.copy()
        for j in range(d, len(m)):
            gain = cov[:, j] / cov[j, j]
            mu = mu + gain * (row[j - d] - mu[j])
            cov = cov - np.outer(gain, cov[j])
        out.append(mu[:d])
    cov = c.copy()
    for j in range(d, len(m)):
        cov = cov - np.outer(cov[:, j] / cov[j, j], cov[j])
    return torch.as_tensor(np.array(out).reshape(*xs.shape[:-1], d)), torch.as_tensor(cov[:d, :d])

# %% wrong half_cut: cuts in the middle, right where z and x have the same size
def condition(mean, covariance, x):
    d = mean.shape[0] // 2
    gain = torch.linalg.solve(covariance[d:, d:], covariance[d:, :d]).T
    return mean[:d] + (x - mean[d:]) @ gain.T, covariance[:d, :d] - gain @ covariance[d:, :d]

# %% wrong jitter: a jitter of 1e-4 on the covariance of x
def condition(mean, covariance, x):
    d = mean.shape[0] - x.shape[-1]
    s = covariance[d:, d:] + 1e-4 * torch.eye(x.shape[-1], dtype=mean.dtype)
    gain = torch.linalg.solve(s, covariance[d:, :d]).T
    return mean[:d] + (x - mean[d:]) @ gain.T, covariance[:d, :d] - gain @ covariance[d:, :d]

# %% wrong jitter_in_place: a jitter is added to the caller's covariance
def condition(mean, covariance, x):
    d = mean.shape[0] - x.shape[-1]
    covariance.diagonal()[d:].add_(1e-8)
    gain = torch.linalg.solve(covariance[d:, d:], covariance[d:, :d]).T
    return mean[:d] + (x - mean[d:]) @ gain.T, covariance[:d, :d] - gain @ covariance[d:, :d]

# %% wrong diagonal_x: takes the coordinates of x for uncorrelated
def condition(mean, covariance, x):
    d = mean.shape[0] - x.shape[-1]
    gain = covariance[:d, d:] / covariance.diagonal()[d:]
    return mean[:d] + (x - mean[d:]) @ gain.T, covariance[:d, :d] - gain @ covariance[d:, :d]

# %% wrong centred_data: the surprise is the distance from the mean of the batch
def condition(mean, covariance, x):
    d = mean.shape[0] - x.shape[-1]
    gain = torch.linalg.solve(covariance[d:, d:], covariance[d:, :d]).T
    centre = x.reshape(-1, x.shape[-1]).mean(0) if x.dim() > 1 else mean[d:]
    return mean[:d] + (x - centre) @ gain.T, covariance[:d, :d] - gain @ covariance[d:, :d]

# %% wrong untransposed: transposes the gain only where shapes demand it, so where D = Dx it multiplies by the wrong side
def condition(mean, covariance, x):
    d = mean.shape[0] - x.shape[-1]
    gain = torch.linalg.solve(covariance[d:, d:], covariance[d:, :d]).T
    surprise = x - mean[d:]
    shift = surprise @ gain if gain.shape[0] == surprise.shape[-1] else surprise @ gain.T
    return mean[:d] + shift, covariance[:d, :d] - gain @ covariance[d:, :d]

# %% wrong expanded_covariance: the covariance comes back once per datum
def condition(mean, covariance, x):
    d = mean.shape[0] - x.shape[-1]
    gain = torch.linalg.solve(covariance[d:, d:], covariance[d:, :d]).T
    cov = covariance[:d, :d] - gain @ covariance[d:, :d]
    return mean[:d] + (x - mean[d:]) @ gain.T, cov.expand(*x.shape[:-1], d, d)

# %% wrong flat_batch: two batch axes come back as one
def condition(mean, covariance, x):
    d = mean.shape[0] - x.shape[-1]
    gain = torch.linalg.solve(covariance[d:, d:], covariance[d:, :d]).T
    flat = x.reshape(-1, x.shape[-1]) if x.dim() > 2 else x
    return mean[:d] + (flat - mean[d:]) @ gain.T, covariance[:d, :d] - gain @ covariance[d:, :d]

# %% wrong diagonal_only: the conditional covariance is reported without its off-diagonal entries
def condition(mean, covariance, x):
    d = mean.shape[0] - x.shape[-1]
    gain = torch.linalg.solve(covariance[d:, d:], covariance[d:, :d]).T
    cov = covariance[:d, :d] - gain @ covariance[d:, :d]
    return mean[:d] + (x - mean[d:]) @ gain.T, torch.diag(cov.diagonal())

# %% wrong precision_of_z: the covariance is right, the gain is the off-diagonal block of the precision without the conditional covariance in front
def condition(mean, covariance, x):
    d = mean.shape[0] - x.shape[-1]
    lam = torch.linalg.inv(covariance)
    cov = torch.linalg.inv(lam[:d, :d])
    return mean[:d] - (x - mean[d:]) @ lam[d:, :d], cov
