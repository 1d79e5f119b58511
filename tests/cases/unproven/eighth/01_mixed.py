import math

import torch
from torch import Tensor

# %% right one_row_after_another: the chain rule over rows; each is predicted from the earlier rows of its group, whose count and sum of residuals are all that is remembered
def mixed_log_likelihood(y: Tensor, design: Tensor, groups: Tensor, beta: Tensor, tau: Tensor, sigma: Tensor) -> Tensor:
    from collections import defaultdict

    t2, s2 = float(tau) ** 2, float(sigma) ** 2
    seen: dict[int, tuple[int, float]] = defaultdict(lambda: (0, 0.0))
    terms = []
    for r, g in zip((y - design @ beta).tolist(), groups.tolist()):
        k, total = seen[g]
        shared = t2 / (s2 + k * t2)                  # variance of z given k rows, over sigma^2
        variance = s2 * (1 + shared)
        terms.append(-0.5 * (math.log(2 * math.pi * variance) + (r - shared * total) ** 2 / variance))
        seen[g] = (k + 1, total + r)
    return torch.tensor(math.fsum(terms), dtype=torch.float64)

# %% wrong floor_under_tau: uses 1 / tau^2 in Woodbury's identity and keeps tau away from zero by a floor of 1e-3, so tau = 0 gets the answer of another tau
def mixed_log_likelihood(y: Tensor, design: Tensor, groups: Tensor, beta: Tensor, tau: Tensor, sigma: Tensor) -> Tensor:
    tau = torch.as_tensor(tau, dtype=y.dtype).clamp(min=1e-3)
    r = y - design @ beta
    index = torch.unique(groups, return_inverse=True)[1]
    G = int(index.max()) + 1
    count = torch.zeros(G, dtype=y.dtype).index_add(0, index, torch.ones_like(r))
    total = torch.zeros(G, dtype=y.dtype).index_add(0, index, r)
    M = 1 / tau ** 2 + count / sigma ** 2
    log_det = M.log().sum() + 2 * G * tau.log() + 2 * len(r) * torch.as_tensor(sigma, dtype=y.dtype).log()
    quadratic = (r @ r) / sigma ** 2 - (total ** 2 / M).sum() / sigma ** 4
    return -0.5 * (len(r) * math.log(2 * math.pi) + log_det + quadratic)

# %% wrong labels_by_remainder: maps labels to 0 .. G-1 by the remainder modulo the number of groups; fine from 0 or from 1 without gaps, but with gaps two groups may become one
def mixed_log_likelihood(y: Tensor, design: Tensor, groups: Tensor, beta: Tensor, tau: Tensor, sigma: Tensor) -> Tensor:
    index = groups % len(torch.unique(groups))
    same = (index.unsqueeze(-1) == index).to(y.dtype)
    cov = tau ** 2 * same + sigma ** 2 * torch.eye(len(y), dtype=y.dtype)
    return torch.distributions.MultivariateNormal(design @ beta, cov).log_prob(y)

# %% wrong singletons_without_intercept: a group of one row "shares its latent with nobody", so its row gets no share of tau; right if all groups have two rows or more
def mixed_log_likelihood(y: Tensor, design: Tensor, groups: Tensor, beta: Tensor, tau: Tensor, sigma: Tensor) -> Tensor:
    same = (groups.unsqueeze(-1) == groups).to(y.dtype)
    shared = same * (same.sum(-1, keepdim=True) > 1)
    L = torch.linalg.cholesky(tau ** 2 * shared + sigma ** 2 * torch.eye(len(y), dtype=y.dtype))
    white = torch.linalg.solve_triangular(L, (y - design @ beta).unsqueeze(-1), upper=False)
    return -0.5 * (white ** 2).sum() - L.diagonal().log().sum() - 0.5 * len(y) * math.log(2 * math.pi)

# %% wrong balanced_panel: takes the number of rows of a group as N / G, the textbook's formula for balanced panels (as Grunfeld's), wrong for groups of different sizes
def mixed_log_likelihood(y: Tensor, design: Tensor, groups: Tensor, beta: Tensor, tau: Tensor, sigma: Tensor) -> Tensor:
    r = y - design @ beta
    index = torch.unique(groups, return_inverse=True)[1]
    G, N = int(index.max()) + 1, len(r)
    n = N / G
    total = torch.zeros(G, dtype=y.dtype).index_add(0, index, r)
    between = torch.as_tensor(sigma ** 2 + n * tau ** 2, dtype=y.dtype)
    s2 = torch.as_tensor(sigma ** 2, dtype=y.dtype)
    quadratic = (r @ r - (total ** 2).sum() * tau ** 2 / between) / s2
    log_det = (N - G) * s2.log() + G * between.log()
    return -0.5 * (N * math.log(2 * math.pi) + log_det + quadratic)
