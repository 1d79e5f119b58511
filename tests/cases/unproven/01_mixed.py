import math
import torch
from torch import Tensor

def _dense(y, design, groups, beta, tau, sigma, same=None, extra=0.0):
    same = (groups.unsqueeze(-1) == groups).to(y.dtype) if same is None else same
    cov = tau**2 * same + (sigma**2 + extra) * torch.eye(len(y), dtype=y.dtype)
    root = torch.linalg.cholesky(cov)
    u = torch.linalg.solve_triangular(root, (y - design @ beta).unsqueeze(-1), upper=False)
    return -0.5 * u.square().sum() - root.diagonal().log().sum() - 0.5 * len(y) * math.log(2 * math.pi)

# %% right group_by_group: one group at a time in numpy, by the matrix determinant lemma
import numpy as np
def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    e = (y - design @ beta).detach().numpy()
    t2, s2 = float(tau) ** 2, float(sigma) ** 2
    total = 0.0
    for g in set(groups.tolist()):
        r = e[groups.detach().numpy() == g]
        n = len(r)
        shrunk = t2 / (s2 + n * t2)
        total -= 0.5 * (n * math.log(2 * math.pi * s2) + math.log1p(n * t2 / s2) + (r @ r - shrunk * r.sum() ** 2) / s2)
    return torch.tensor(total, dtype=torch.float64)

# %% right one_after_another: the chain rule, each row given the earlier rows of its group
def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    mean, var = {}, {}
    total = torch.zeros((), dtype=y.dtype)
    for yn, cn, g in zip(y, design, groups.tolist()):
        m, v = mean.get(g, torch.zeros((), dtype=y.dtype)), var.get(g, tau**2)
        s = v + sigma**2
        e = yn - cn @ beta - m
        total = total - 0.5 * (torch.log(2 * math.pi * s) + e**2 / s)
        mean[g], var[g] = m + v / s * e, v * sigma**2 / s
    return total

# %% wrong neighbours: groups are runs of equal labels, right where rows of a group stand together
def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    runs = torch.unique_consecutive(groups, return_inverse=True)[1]
    return _dense(y, design, runs, beta, tau, sigma)

# %% wrong balanced: every group is taken to have N / G rows
def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    e = y - design @ beta
    names, inverse = torch.unique(groups, return_inverse=True)
    n = len(y) / len(names)
    sums = torch.zeros(len(names), dtype=y.dtype).index_add(0, inverse, e)
    s2, t2 = sigma**2, tau**2
    return -0.5 * (len(y) * torch.log(2 * math.pi * s2) + len(names) * torch.log1p(n * t2 / s2)
                   + (e.square().sum() - t2 / (s2 + n * t2) * sums.square().sum()) / s2)

# %% wrong float_labels: compares labels as single-precision numbers, so neighbouring large labels are one group
def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    g = groups.float()
    return _dense(y, design, groups, beta, tau, sigma, (g.unsqueeze(-1) == g).to(y.dtype))

# %% wrong restricted: the restricted likelihood, in which beta is integrated out as well
def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    same = (groups.unsqueeze(-1) == groups).to(y.dtype)
    cov = tau**2 * same + sigma**2 * torch.eye(len(y), dtype=y.dtype)
    info = design.T @ torch.linalg.solve(cov, design)
    return _dense(y, design, groups, beta, tau, sigma) - 0.5 * torch.logdet(info) + 0.5 * len(beta) * math.log(2 * math.pi)

# %% wrong zero_tau: for tau = 0 a normal is used with the variance in the place of the standard deviation
def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    if float(tau) == 0:
        return torch.distributions.Normal(design @ beta, sigma**2).log_prob(y).sum()
    return _dense(y, design, groups, beta, tau, sigma)

# %% wrong jitter: a jitter of one thousandth on the diagonal
def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    return _dense(y, design, groups, beta, tau, sigma, extra=1e-3)

# %% wrong plug_in: intercepts are replaced by their posterior means and not integrated out
def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    same = (groups.unsqueeze(-1) == groups).to(y.dtype)
    e = y - design @ beta
    n = same.sum(-1)
    z = tau**2 * (same @ e) / (sigma**2 + n * tau**2)
    return torch.distributions.Normal(design @ beta + z, sigma).log_prob(y).sum()

# %% wrong overwrites: the residual is made in place, so the caller's responses change
# not told: the value is wrong
def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    y -= design @ beta
    return _dense(y, torch.zeros_like(design), groups, beta, tau, sigma)

# %% wrong determinant: the logarithm of a determinant that underflows for many rows
def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    same = (groups.unsqueeze(-1) == groups).to(y.dtype)
    cov = tau**2 * same + sigma**2 * torch.eye(len(y), dtype=y.dtype)
    e = y - design @ beta
    return -0.5 * (torch.det(2 * math.pi * cov).log() + e @ torch.linalg.solve(cov, e))

# %% wrong unscaled_shrinkage: the quadratic form of a group shrinks by tau^2 / (sigma^2 + tau^2) whatever its size, right for groups of one row
def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    e = y - design @ beta
    total = torch.zeros((), dtype=y.dtype)
    for g in torch.unique(groups):
        r = e[groups == g]
        n = len(r)
        total = total - 0.5 * (n * torch.log(2 * math.pi * sigma**2) + torch.log(sigma**2 + n * tau**2) - torch.log(sigma**2)
                               + (r.square().sum() - tau**2 * r.sum() ** 2 / (sigma**2 + tau**2)) / sigma**2)
    return total

# %% wrong by_bincount: groups are counted up to the number of different labels, so labels beyond it are dropped
def mixed_log_likelihood(y, design, groups, beta, tau, sigma):
    e = y - design @ beta
    total = torch.zeros((), dtype=y.dtype)
    for g in range(len(torch.unique(groups))):
        r = e[groups == g]
        n = len(r)
        total = total - 0.5 * (n * torch.log(2 * math.pi * sigma**2) + torch.log1p(n * tau**2 / sigma**2)
                               + (r.square().sum() - tau**2 * r.sum() ** 2 / (sigma**2 + n * tau**2)) / sigma**2)
    return total
