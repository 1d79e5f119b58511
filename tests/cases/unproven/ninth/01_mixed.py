import math

import torch
from torch import Tensor

# %% wrong jacobian_of_the_mean_forgotten: splits each group into its mean and its deviations but forgets that the change of variables costs half the logarithm of the group's size; right for groups of one
def mixed_log_likelihood(y: Tensor, design: Tensor, groups: Tensor, beta: Tensor, tau: Tensor, sigma: Tensor) -> Tensor:
    r = y - design @ beta
    _, index, n = torch.unique(groups, return_inverse=True, return_counts=True)
    n = n.to(r.dtype)
    means = torch.zeros_like(n).index_add(0, index, r) / n
    within = (r - means[index]).square().sum()
    variance = tau**2 + sigma**2 / n
    log_means = -0.5 * (means.square() / variance + variance.log() + math.log(2 * math.pi)).sum()
    free = (n - 1).sum()
    log_within = -0.5 * within / sigma**2 - 0.5 * free * torch.log(torch.as_tensor(2 * math.pi * sigma**2, dtype=r.dtype))
    return log_means + log_within


# %% wrong prior_quadrature: integrates each intercept out with 40 Gauss-Hermite points of its prior, an approximation that fails when a group is large or tau is large against sigma
def mixed_log_likelihood(y: Tensor, design: Tensor, groups: Tensor, beta: Tensor, tau: Tensor, sigma: Tensor) -> Tensor:
    import numpy as np

    nodes, weights = (torch.as_tensor(v) for v in np.polynomial.hermite_e.hermegauss(40))
    log_weights = (weights / math.sqrt(2 * math.pi)).log()
    r = y - design @ beta
    labels, index = torch.unique(groups, return_inverse=True)
    z = tau * nodes
    each = -0.5 * ((r[:, None] - z) / sigma).square() - torch.log(torch.as_tensor(sigma, dtype=r.dtype)) - 0.5 * math.log(2 * math.pi)
    by_group = torch.zeros(len(labels), len(nodes), dtype=r.dtype).index_add(0, index, each)
    return torch.logsumexp(by_group + log_weights, -1).sum()


# %% wrong tau_kept_away_from_zero: replaces a tau below one thousandth by one thousandth to be allowed to divide by it, though tau may be zero
def mixed_log_likelihood(y: Tensor, design: Tensor, groups: Tensor, beta: Tensor, tau: Tensor, sigma: Tensor) -> Tensor:
    tau = torch.as_tensor(tau, dtype=y.dtype).clamp_min(1e-3)
    sigma = torch.as_tensor(sigma, dtype=y.dtype)
    r = y - design @ beta
    _, index, n = torch.unique(groups, return_inverse=True, return_counts=True)
    n = n.to(r.dtype)
    sums = torch.zeros_like(n).index_add(0, index, r)
    precision = 1 / tau**2 + n / sigma**2
    quadratic = r.square().sum() / sigma**2 - (sums.square() / sigma**4 / precision).sum()
    logdet = 2 * len(y) * sigma.log() + (precision.log() + 2 * tau.log()).sum()
    return -0.5 * (quadratic + logdet + len(y) * math.log(2 * math.pi))
