import math

import numpy as np
import torch
from torch import Tensor
from torch.distributions import MultivariateNormal


def _dense(r: Tensor, covariance: Tensor) -> Tensor:
    L = torch.linalg.cholesky(covariance)
    w = torch.linalg.solve_triangular(L, r.unsqueeze(-1), upper=False).squeeze(-1)
    return -0.5 * w @ w - L.diagonal().log().sum() - 0.5 * len(r) * math.log(2 * math.pi)


# %% right woodbury_by_group: a loop over labels, each group by a formula for its number, sum and squares
def mixed_log_likelihood(y: Tensor, design: Tensor, groups: Tensor, beta: Tensor, tau: Tensor, sigma: Tensor) -> Tensor:
    r = y - design @ beta
    t2, s2 = tau**2, sigma**2
    total = torch.zeros((), dtype=torch.float64)
    for label in set(groups.tolist()):
        g = r[groups == label]
        n = g.numel()
        inside = s2 + n * t2
        centred = ((g - g.mean()) ** 2).sum()
        total = total - 0.5 * (n * math.log(2 * math.pi) + (n - 1) * torch.log(s2) + torch.log(inside) + centred / s2 + n * g.mean() ** 2 / inside)
    return total


# %% right row_after_row: predicts each row from those before it in its group, in the order given
def mixed_log_likelihood(y: Tensor, design: Tensor, groups: Tensor, beta: Tensor, tau: Tensor, sigma: Tensor) -> Tensor:
    t2, s2, total, state = float(tau) ** 2, float(sigma) ** 2, 0.0, {}
    residual = (y - design @ beta).tolist()
    for value, label in zip(residual, groups.tolist()):
        m, v = state.get(label, (0.0, t2))
        total += -0.5 * (math.log(2 * math.pi * (v + s2)) + (value - m) ** 2 / (v + s2))
        gain = v / (v + s2)
        state[label] = (m + gain * (value - m), v - gain * v)
    return torch.tensor(total, dtype=torch.float64)


# %% right multivariate_normal: the dense covariance from one-hot labels, and torch.distributions
def mixed_log_likelihood(y: Tensor, design: Tensor, groups: Tensor, beta: Tensor, tau: Tensor, sigma: Tensor) -> Tensor:
    _, code = groups.unique(return_inverse=True)
    Z = torch.nn.functional.one_hot(code).to(y.dtype)
    cov = tau**2 * Z @ Z.T + sigma**2 * torch.eye(len(y), dtype=y.dtype)
    return MultivariateNormal(design @ beta, cov).log_prob(y)


# %% wrong consecutive_runs: takes runs of equal labels for groups, wrong for shuffled rows
def mixed_log_likelihood(y: Tensor, design: Tensor, groups: Tensor, beta: Tensor, tau: Tensor, sigma: Tensor) -> Tensor:
    _, code = torch.unique_consecutive(groups, return_inverse=True)
    same = (code.unsqueeze(-1) == code).to(y.dtype)
    return _dense(y - design @ beta, tau**2 * same + sigma**2 * torch.eye(len(y), dtype=y.dtype))


# %% wrong byte_labels: keeps labels in one byte, so that 3 and 259 become one group
def mixed_log_likelihood(y: Tensor, design: Tensor, groups: Tensor, beta: Tensor, tau: Tensor, sigma: Tensor) -> Tensor:
    code = groups.to(torch.uint8)
    same = (code.unsqueeze(-1) == code).to(y.dtype)
    return _dense(y - design @ beta, tau**2 * same + sigma**2 * torch.eye(len(y), dtype=y.dtype))


# %% wrong empty_groups_counted: N minus (largest label + 1) factors sigma^2: empty labels in a gap lose theirs
def mixed_log_likelihood(y: Tensor, design: Tensor, groups: Tensor, beta: Tensor, tau: Tensor, sigma: Tensor) -> Tensor:
    r = y - design @ beta
    k = groups - groups.min()
    G = int(k.max()) + 1
    n = torch.zeros(G, dtype=y.dtype).index_add_(0, k, torch.ones_like(y))
    s = torch.zeros(G, dtype=y.dtype).index_add_(0, k, r)
    v = sigma**2 + n * tau**2
    quad = (r @ r - (tau**2 * s**2 / v).sum()) / sigma**2
    log_det = v[n > 0].log().sum() + (len(y) - G) * 2 * sigma.log()
    return -0.5 * (quad + log_det + len(y) * math.log(2 * math.pi))


# %% wrong jitter: adds 1e-6 to the diagonal
def mixed_log_likelihood(y: Tensor, design: Tensor, groups: Tensor, beta: Tensor, tau: Tensor, sigma: Tensor) -> Tensor:
    same = (groups.unsqueeze(-1) == groups).to(y.dtype)
    return _dense(y - design @ beta, tau**2 * same + (sigma**2 + 1e-6) * torch.eye(len(y), dtype=y.dtype))


# %% wrong tau_not_squared: the covariance of two rows of a group is tau instead of its square, right for 0 and 1
def mixed_log_likelihood(y: Tensor, design: Tensor, groups: Tensor, beta: Tensor, tau: Tensor, sigma: Tensor) -> Tensor:
    same = (groups.unsqueeze(-1) == groups).to(y.dtype)
    return _dense(y - design @ beta, tau * same + sigma**2 * torch.eye(len(y), dtype=y.dtype))


# %% wrong averaged_likelihood: integrates each row by itself, so that rows of a group are independent
def mixed_log_likelihood(y: Tensor, design: Tensor, groups: Tensor, beta: Tensor, tau: Tensor, sigma: Tensor) -> Tensor:
    return torch.distributions.Normal(design @ beta, (tau**2 + sigma**2).sqrt()).log_prob(y).sum()


# %% wrong restricted: the restricted likelihood, in which beta is integrated out
def mixed_log_likelihood(y: Tensor, design: Tensor, groups: Tensor, beta: Tensor, tau: Tensor, sigma: Tensor) -> Tensor:
    same = (groups.unsqueeze(-1) == groups).to(y.dtype)
    V = tau**2 * same + sigma**2 * torch.eye(len(y), dtype=y.dtype)
    A = design.T @ torch.linalg.solve(V, design)
    p = design.shape[1]
    return _dense(y - design @ beta, V) - 0.5 * torch.logdet(A) + 0.5 * p * math.log(2 * math.pi)


# %% wrong plugs_in_the_mode: puts the best guess of each intercept into the joint instead of integrating
def mixed_log_likelihood(y: Tensor, design: Tensor, groups: Tensor, beta: Tensor, tau: Tensor, sigma: Tensor) -> Tensor:
    r = y - design @ beta
    total = 0.0
    for label in groups.unique():
        g = r[groups == label]
        if float(tau) == 0:
            total = total + torch.distributions.Normal(0.0, sigma).log_prob(g).sum()
            continue
        z = g.sum() / (len(g) + sigma**2 / tau**2)
        total = total + torch.distributions.Normal(z, sigma).log_prob(g).sum() + torch.distributions.Normal(0.0, tau).log_prob(z)
    return total


# %% wrong log_of_det: the logarithm of the determinant as a product, zero for many rows
def mixed_log_likelihood(y: Tensor, design: Tensor, groups: Tensor, beta: Tensor, tau: Tensor, sigma: Tensor) -> Tensor:
    same = (groups.unsqueeze(-1) == groups).to(y.dtype)
    V = tau**2 * same + sigma**2 * torch.eye(len(y), dtype=y.dtype)
    r = y - design @ beta
    return -0.5 * (r @ torch.linalg.solve(V, r) + torch.linalg.det(V).log() + len(y) * math.log(2 * math.pi))


# %% wrong quadrature_with_few_points: five Gauss-Hermite points for each intercept, good for a small tau
def mixed_log_likelihood(y: Tensor, design: Tensor, groups: Tensor, beta: Tensor, tau: Tensor, sigma: Tensor) -> Tensor:
    x, w = (torch.tensor(a) for a in np.polynomial.hermite_e.hermegauss(5))
    w = w / w.sum()
    r = y - design @ beta
    total = 0.0
    for label in groups.unique():
        g = r[groups == label]
        terms = torch.distributions.Normal(0.0, sigma).log_prob(g.unsqueeze(-1) - tau * x).sum(0)
        total = total + torch.logsumexp(terms + w.log(), 0)
    return total


# %% wrong balanced_panel: one group size for all, the average one; right for a balanced panel
def mixed_log_likelihood(y: Tensor, design: Tensor, groups: Tensor, beta: Tensor, tau: Tensor, sigma: Tensor) -> Tensor:
    r = y - design @ beta
    labels, code = groups.unique(return_inverse=True)
    n = len(y) / len(labels)
    s = torch.zeros(len(labels), dtype=y.dtype).index_add_(0, code, r)
    v = sigma**2 + n * tau**2
    quad = (r @ r - tau**2 * (s**2).sum() / v) / sigma**2
    return -0.5 * (quad + len(labels) * v.log() + (len(y) - len(labels)) * 2 * sigma.log() + len(y) * math.log(2 * math.pi))


# %% wrong tau_floor: a tau of zero is raised to 1e-2
def mixed_log_likelihood(y: Tensor, design: Tensor, groups: Tensor, beta: Tensor, tau: Tensor, sigma: Tensor) -> Tensor:
    tau = tau.clamp(min=1e-2)
    same = (groups.unsqueeze(-1) == groups).to(y.dtype)
    return _dense(y - design @ beta, tau**2 * same + sigma**2 * torch.eye(len(y), dtype=y.dtype))
