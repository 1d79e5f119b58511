import math

import numpy as np
import torch
from torch import Tensor


# %% right entry_of_mu: the determinant does not depend on c, so the gap is half the log of the entry of mu over the precision of mu's marginal
def centring(c, counts, sigma, tau, prior):
    counts = torch.as_tensor(counts, dtype=torch.float64)
    data = counts / sigma**2
    best = 1 / (1 + data * tau**2)
    entry = 1 / prior**2 + ((1 - c) ** 2 / tau**2 + c**2 * data).sum()
    marginal = 1 / prior**2 + (counts / (sigma**2 + counts * tau**2)).sum()
    return 0.5 * torch.log(entry / marginal), best


# %% right change_of_variables: the precision of (mu, theta) in NumPy, changed to (mu, eta) by a matrix, the gap of exercise 3 with blocks of one
def centring(c, counts, sigma, tau, prior):
    counts = torch.as_tensor(counts, dtype=torch.float64)
    c, n = np.asarray(c, dtype=float), np.asarray(counts, dtype=float)
    size = len(c)
    p = np.zeros((size + 1, size + 1))
    p[0, 0] = prior**-2 + size / tau**2
    p[0, 1:] = p[1:, 0] = -1 / tau**2
    p[range(1, size + 1), range(1, size + 1)] = tau**-2 + n / sigma**2
    back = np.eye(size + 1)
    back[1:, 0] = c
    new = back.T @ p @ back
    return 0.5 * (np.log(new.diagonal()).sum() - np.linalg.slogdet(new)[1]), np.array([sigma**2 / (sigma**2 + k * tau**2) for k in n])


# %% right hessian_of_joint: the log density of (mu, eta) and the data at zero, its Hessian by autograd; the best c where the coupling, linear in c, crosses zero between its values at 0 and 1
def centring(c, counts, sigma, tau, prior):
    counts = torch.as_tensor(counts, dtype=torch.float64)
    def precision(c):
        def negative(v):
            theta = v[1:] + c * v[0]
            return 0.5 * (v[0] / prior) ** 2 + 0.5 * ((theta - v[0]) / tau).square().sum() + 0.5 * (counts * (theta / sigma) ** 2).sum()

        return torch.autograd.functional.hessian(negative, torch.zeros(len(c) + 1, dtype=torch.float64))

    p = precision(c)
    low, high = precision(torch.zeros_like(c))[0, 1:], precision(torch.ones_like(c))[0, 1:]
    d = p.diagonal().rsqrt()
    return -0.5 * torch.logdet(p * d * d[:, None]), low / (low - high)


# %% wrong pair_by_pair: the gap as a sum over groups of that of mu with this group alone, the others integrated out of nothing; right for one group
def centring(c, counts, sigma, tau, prior):
    counts = torch.as_tensor(counts, dtype=torch.float64)
    data = counts / sigma**2
    gap = torch.zeros((), dtype=torch.float64)
    for k in range(len(c)):
        mm = 1 / prior**2 + (1 - c[k]) ** 2 / tau**2 + c[k] ** 2 * data[k]
        ee, me = 1 / tau**2 + data[k], c[k] * data[k] - (1 - c[k]) / tau**2
        gap = gap - 0.5 * torch.log1p(-(me**2) / (mm * ee))
    return gap, 1 / (1 + data * tau**2)


# %% wrong pairs_in_full_entry: a sum over groups of -log(1 - r^2) / 2 with the full entry of mu; right for one group, and nearly for weak couplings
def centring(c, counts, sigma, tau, prior):
    counts = torch.as_tensor(counts, dtype=torch.float64)
    data = counts / sigma**2
    mm = 1 / prior**2 + ((1 - c) ** 2 / tau**2 + c**2 * data).sum()
    r2 = (c * data - (1 - c) / tau**2) ** 2 / (mm * (1 / tau**2 + data))
    return -0.5 * torch.log1p(-r2).sum(), 1 / (1 + data * tau**2)


# %% wrong clamped_c: c is held between 0 and 1 before the gap, although it may lie outside
def centring(c, counts, sigma, tau, prior):
    counts = torch.as_tensor(counts, dtype=torch.float64)
    data, inside = counts / sigma**2, c.clamp(0, 1)
    mm = 1 / prior**2 + ((1 - inside) ** 2 / tau**2 + inside**2 * data).sum()
    return 0.5 * torch.log(mm / (1 / prior**2 + (counts / (sigma**2 + counts * tau**2)).sum())), 1 / (1 + data * tau**2)


# %% wrong common_c: the best c is one number for all groups, from their mean count, repeated; right for equal counts
def centring(c, counts, sigma, tau, prior):
    counts = torch.as_tensor(counts, dtype=torch.float64)
    data = counts / sigma**2
    mm = 1 / prior**2 + ((1 - c) ** 2 / tau**2 + c**2 * data).sum()
    gap = 0.5 * torch.log(mm / (1 / prior**2 + (counts / (sigma**2 + counts * tau**2)).sum()))
    return gap, (sigma**2 / (sigma**2 + counts.double().mean() * tau**2)).expand(len(c)).clone()


# %% wrong prior_in_best: the best c from the shrinkage with the prior's variance added to tau's, as for theta's own marginal; right in the limit of a narrow prior
def centring(c, counts, sigma, tau, prior):
    counts = torch.as_tensor(counts, dtype=torch.float64)
    data = counts / sigma**2
    mm = 1 / prior**2 + ((1 - c) ** 2 / tau**2 + c**2 * data).sum()
    gap = 0.5 * torch.log(mm / (1 / prior**2 + (counts / (sigma**2 + counts * tau**2)).sum()))
    return gap, 1 / (1 + data * (tau**2 + prior**2))


# %% wrong single_datum_noise: sigma is taken for the standard deviation of a group's mean in the gap, of a datum in the best c; right for counts of one
def centring(c, counts, sigma, tau, prior):
    counts = torch.as_tensor(counts, dtype=torch.float64)
    mm = 1 / prior**2 + ((1 - c) ** 2 / tau**2 + c**2 / sigma**2).sum()
    gap = 0.5 * torch.log(mm / (1 / prior**2 + len(c) / (sigma**2 + tau**2)))
    return gap, 1 / (1 + counts * tau**2 / sigma**2)


# %% wrong flat_prior: 1 / prior^2 is left out of the gap; nearly right for a wide prior, and exactly at the best c
def centring(c, counts, sigma, tau, prior):
    counts = torch.as_tensor(counts, dtype=torch.float64)
    mm = ((1 - c) ** 2 / tau**2 + c**2 * counts / sigma**2).sum()
    return 0.5 * torch.log(mm / (counts / (sigma**2 + counts * tau**2)).sum()), sigma**2 / (sigma**2 + counts * tau**2)


# %% wrong other_kl: the gap from the diagonal of the covariance of (mu, eta), that of the other KL; zero at the same c
def centring(c, counts, sigma, tau, prior):
    counts = torch.as_tensor(counts, dtype=torch.float64)
    size = len(c)
    p = torch.zeros(size + 1, size + 1, dtype=torch.float64)
    p[0, 0] = 1 / prior**2 + ((1 - c) ** 2 / tau**2 + c**2 * counts / sigma**2).sum()
    p[0, 1:] = p[1:, 0] = c * counts / sigma**2 - (1 - c) / tau**2
    p.diagonal()[1:] = 1 / tau**2 + counts / sigma**2
    cov = torch.linalg.inv(p)
    return 0.5 * (cov.diagonal().log().sum() - torch.logdet(cov)), sigma**2 / (sigma**2 + counts * tau**2)


# %% wrong interpolated: the gap between centred and non-centred by a quadratic through the gaps at c = 0, at the best c and at 1, group means of c; right at these three for equal groups
def centring(c, counts, sigma, tau, prior):
    counts = torch.as_tensor(counts, dtype=torch.float64)
    best = sigma**2 / (sigma**2 + counts * tau**2)
    marginal = 1 / prior**2 + (counts / (sigma**2 + counts * tau**2)).sum()
    gap = lambda c: 0.5 * torch.log((1 / prior**2 + ((1 - c) ** 2 / tau**2 + c**2 * counts / sigma**2).sum()) / marginal)
    at, low = float(c.mean()), float(best.mean())
    left, right = gap(torch.zeros_like(c)), gap(torch.ones_like(c))
    return (left * (at - low) ** 2 / low**2 if at < low else right * (at - low) ** 2 / (1 - low) ** 2), best


# %% wrong cross_term_in_mu: the entry of mu gets (1 - c)^2 (1/tau^2 + data), a group's whole precision, and the determinant is taken of that matrix; right at c = 1/2 with tau^2 n = sigma^2 or where a group is centred on nothing
def centring(c, counts, sigma, tau, prior):
    counts = torch.as_tensor(counts, dtype=torch.float64)
    size, data = len(c), counts / sigma**2
    p = torch.diag(torch.cat([(1 / prior**2 + ((1 - c) ** 2 / tau**2 + c * data).sum())[None], 1 / tau**2 + data]))
    p[0, 1:] = p[1:, 0] = c * data - (1 - c) / tau**2
    return 0.5 * (p.diagonal().log().sum() - torch.logdet(p)), 1 / (1 + data * tau**2)
