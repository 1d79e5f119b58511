import torch
from torch import Tensor

# %% right panels_of_gauss_legendre: thousands of narrow panels with eight Gauss-Legendre points each, one einsum over panels, points and both coins, the covariance as a determinant
def two_bernoullis(intercepts: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
    import numpy as np

    points, weights = np.polynomial.legendre.leggauss(8)
    edges = np.linspace(-16.0, 16.0, 6401)
    half = (edges[1] - edges[0]) / 2
    z = torch.from_numpy((edges[:-1] + half)[:, None] + half * points)
    w = torch.from_numpy(half * weights) * torch.exp(torch.distributions.Normal(0.0, 1.0).log_prob(z))
    sign = torch.tensor([-1.0, 1.0], dtype=torch.float64)
    coin = torch.sigmoid(sign[None, :, None, None] * (intercepts[:, None, None, None] + slopes[:, None, None, None] * z))
    table = torch.einsum("ipq,jpq,pq->ij", coin[0], coin[1], w)
    margins = torch.cat([table.sum(0), table.sum(1)])
    return table, torch.linalg.det(table) / margins.prod().sqrt()

# %% wrong correlation_from_chi_square: computes the coefficient as the root of chi-square over n, which has lost its sign; right for slopes of the same sign
def two_bernoullis(intercepts: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
    z = torch.linspace(-10, 10, 40_001, dtype=torch.float64)
    w = torch.exp(-0.5 * z ** 2)
    w = w / w.sum()
    p = torch.sigmoid(intercepts[:, None] + slopes[:, None] * z)
    both = torch.stack([1 - p, p], 1)
    table = torch.einsum("iz,jz,z->ij", both[0], both[1], w)
    independent = torch.outer(table.sum(1), table.sum(0))
    return table, ((table - independent) ** 2 / independent).sum().sqrt()

# %% wrong dense_at_zero: a sinh-spaced grid, dense at z = 0 "where the sigmoid is steep"; a steep sigmoid with an intercept climbs at -a / b, where the grid is coarse
def two_bernoullis(intercepts: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
    u = torch.linspace(-9.8, 9.8, 401, dtype=torch.float64)
    z = 1e-3 * torch.sinh(u)
    density = torch.exp(torch.distributions.Normal(0.0, 1.0).log_prob(z))
    w = density * 1e-3 * torch.cosh(u) * (u[1] - u[0])
    p = torch.sigmoid(intercepts[:, None] + slopes[:, None] * z)
    both = torch.stack([1 - p, p], 1)
    table = torch.einsum("iz,jz,z->ij", both[0], both[1], w)
    p1, p2 = table[1].sum(), table[:, 1].sum()
    return table, (table[1, 1] - p1 * p2) / (p1 * (1 - p1) * p2 * (1 - p2)).sqrt()

# %% wrong epsilon_under_the_root: adds 1e-8 to the product of the variances against division by zero, which shrinks the correlation of two rare coins
def two_bernoullis(intercepts: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
    z = torch.linspace(-10, 10, 40_001, dtype=torch.float64)
    w = torch.exp(torch.distributions.Normal(0.0, 1.0).log_prob(z)) * (z[1] - z[0])
    p = torch.sigmoid(intercepts[:, None] + slopes[:, None] * z)
    q = torch.sigmoid(-intercepts[:, None] - slopes[:, None] * z)
    both = torch.stack([q, p], 1)
    table = torch.einsum("iz,jz,z->ij", both[0], both[1], w)
    p1, p2 = table[1].sum(), table[:, 1].sum()
    return table, (table[1, 1] - p1 * p2) / (p1 * (1 - p1) * p2 * (1 - p2) + 1e-8).sqrt()

# %% wrong step_off_by_one: takes length / number of points for the step of a grid that includes both ends, so all entries are too small by a factor of 1 - 1/n
def two_bernoullis(intercepts: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
    n = 16_000
    z = torch.linspace(-8, 8, n, dtype=torch.float64)
    step = 16 / n
    w = torch.exp(torch.distributions.Normal(0.0, 1.0).log_prob(z)) * step
    p = torch.sigmoid(intercepts[:, None] + slopes[:, None] * z)
    both = torch.stack([1 - p, p], 1)
    table = torch.einsum("iz,jz,z->ij", both[0], both[1], w)
    p1, p2 = table[1].sum(), table[:, 1].sum()
    return table, (table[1, 1] - p1 * p2) / (p1 * (1 - p1) * p2 * (1 - p2)).sqrt()
