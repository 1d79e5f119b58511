import math

import numpy as np
import torch
from torch import Tensor

# %% right poisson_loop: loops over data, the Poisson weights by lgamma, summed until they are gone
def stein_risk(theta, c):
    def inverse(n, lam):
        half, total = lam / 2, 0.0
        if half == 0:
            return 1 / (n - 2)
        for j in range(int(half + 40 * math.sqrt(half) + 60)):
            total += math.exp(j * math.log(half) - half - math.lgamma(j + 1)) / (n - 2 + 2 * j)
        return total

    D = theta.shape[-1]
    out = []
    for row in theta.reshape(-1, D).tolist():
        mean = math.fsum(row) / D
        lam0, lam1 = sum(a * a for a in row), sum((a - mean) ** 2 for a in row)
        out.append((D - c * (2 * (D - 2) - c) * inverse(D, lam0), D - c * (2 * (D - 3) - c) * inverse(D - 1, lam1)))
    return torch.tensor(out, dtype=torch.float64).T.reshape(2, *theta.shape[:-1])

# %% right numpy_arrays_out: E 1/|x|^2 as the integral of v^(n-3) exp(-lambda (1 - v^2) / 2) over [0, 1], Gauss-Legendre in NumPy, an array returned
def stein_risk(theta, c):
    t = np.asarray(theta.detach())
    D = t.shape[-1]
    nodes, weights = np.polynomial.legendre.leggauss(400)
    v, weights = (nodes + 1) / 2, weights / 2

    def inverse(n, lam):
        return (weights * v ** (n - 3) * np.exp(-lam[..., None] * (1 - v ** 2) / 2)).sum(-1)

    around = t - t.mean(-1, keepdims=True)
    return np.stack([D - c * (2 * (D - 2) - c) * inverse(D, (t ** 2).sum(-1)),
                     D - c * (2 * (D - 3) - c) * inverse(D - 1, (around ** 2).sum(-1))])

# %% right kummer: E 1/|x|^2 as a confluent hypergeometric series with positive terms, by recursion, rescaled as it grows
def stein_risk(theta, c):
    D = theta.shape[-1]

    def inverse(n, lam):
        # E 1/X = exp(-h) sum_j h^j/j! / (n - 2 + 2j) = exp(-h) M(n/2 - 1; n/2; h) / (n - 2), h = lam / 2
        h = lam / 2
        log_unit = -h
        term = torch.ones_like(h)
        total = torch.ones_like(h)
        a, b = n / 2 - 1, n / 2
        for j in range(3000):
            term = term * h * (a + j) / ((b + j) * (j + 1))
            total = total + term
            if j % 20 == 19:
                big = total.clamp(min=1.0)
                log_unit, total, term = log_unit + big.log(), total / big, term / big
        return (log_unit + total.log()).exp() / (n - 2)

    one = torch.full((D,), D ** -0.5, dtype=theta.dtype)
    along = theta @ one
    across = (theta - along.unsqueeze(-1) * one).square().sum(-1)
    return torch.stack([D + (c * c - 2 * c * (D - 2)) * inverse(D, theta.square().sum(-1)),
                        1 + (D - 1) + (c * c - 2 * c * (D - 3)) * inverse(D - 1, across)])

# %% wrong five_hundred_terms: 500 terms of the Poisson sum, enough up to |theta| of about 27 (the range goes to 30)
def stein_risk(theta, c):
    D, j = theta.shape[-1], torch.arange(500, dtype=torch.float64)

    def inverse(n, lam):
        return (torch.exp(torch.xlogy(j, lam.unsqueeze(-1) / 2) - lam.unsqueeze(-1) / 2 - torch.lgamma(j + 1)) / (n - 2 + 2 * j)).sum(-1)

    around = theta - theta.mean(-1, keepdim=True)
    return torch.stack([D - c * (2 * (D - 2) - c) * inverse(D, theta.square().sum(-1)),
                        D - c * (2 * (D - 3) - c) * inverse(D - 1, around.square().sum(-1))])

# %% wrong nan_at_zero: 0 times log 0: NaN where theta is zero, or all its coordinates are equal
def stein_risk(theta, c):
    D, j = theta.shape[-1], torch.arange(2000, dtype=torch.float64)

    def inverse(n, lam):
        half = lam.unsqueeze(-1) / 2
        return (torch.exp(j * half.log() - half - torch.lgamma(j + 1)) / (n - 2 + 2 * j)).sum(-1)

    around = theta - theta.mean(-1, keepdim=True)
    return torch.stack([D - c * (2 * (D - 2) - c) * inverse(D, theta.square().sum(-1)),
                        D - c * (2 * (D - 3) - c) * inverse(D - 1, around.square().sum(-1))])

# %% wrong floor_under_lambda: |theta|^2 kept above 1e-2, against log 0: off at theta = 0
def stein_risk(theta, c):
    D, j = theta.shape[-1], torch.arange(2000, dtype=torch.float64)

    def inverse(n, lam):
        half = lam.clamp(min=1e-2).unsqueeze(-1) / 2
        return (torch.exp(j * half.log() - half - torch.lgamma(j + 1)) / (n - 2 + 2 * j)).sum(-1)

    around = theta - theta.mean(-1, keepdim=True)
    return torch.stack([D - c * (2 * (D - 2) - c) * inverse(D, theta.square().sum(-1)),
                        D - c * (2 * (D - 3) - c) * inverse(D - 1, around.square().sum(-1))])

# %% wrong inverse_of_mean: 1/(D - 2 + |theta|^2) for the mean of the inverse; right at zero and nearly right far away
def stein_risk(theta, c):
    D = theta.shape[-1]
    around = theta - theta.mean(-1, keepdim=True)
    return torch.stack([D - c * (2 * (D - 2) - c) / (D - 2 + theta.square().sum(-1)),
                        D - c * (2 * (D - 3) - c) / (D - 3 + around.square().sum(-1))])

# %% wrong expansion_far_away: exact up to |theta|^2 = 200, beyond that the mean of the inverse by two terms of an expansion
def stein_risk(theta, c):
    D, j = theta.shape[-1], torch.arange(2000, dtype=torch.float64)

    def inverse(n, lam):
        half = lam.unsqueeze(-1) / 2
        exact = (torch.exp(torch.xlogy(j, half) - half - torch.lgamma(j + 1)) / (n - 2 + 2 * j)).sum(-1)
        mean = n - 2 + lam
        return torch.where(lam > 200, 1 / mean + 2 * lam / mean ** 3, exact)

    around = theta - theta.mean(-1, keepdim=True)
    return torch.stack([D - c * (2 * (D - 2) - c) * inverse(D, theta.square().sum(-1)),
                        D - c * (2 * (D - 3) - c) * inverse(D - 1, around.square().sum(-1))])

# %% wrong best_c_assumed: c is ignored: the risk at the best constants D - 2 and D - 3
def stein_risk(theta, c):
    D, j = theta.shape[-1], torch.arange(2000, dtype=torch.float64)

    def inverse(n, lam):
        half = lam.unsqueeze(-1) / 2
        return (torch.exp(torch.xlogy(j, half) - half - torch.lgamma(j + 1)) / (n - 2 + 2 * j)).sum(-1)

    around = theta - theta.mean(-1, keepdim=True)
    return torch.stack([D - (D - 2) ** 2 * inverse(D, theta.square().sum(-1)),
                        D - (D - 3) ** 2 * inverse(D - 1, around.square().sum(-1))])

# %% wrong never_worse_than_x: the gain is clamped at zero, "Stein is never worse than x"; wrong for a large c
def stein_risk(theta, c):
    D, j = theta.shape[-1], torch.arange(2000, dtype=torch.float64)

    def inverse(n, lam):
        half = lam.unsqueeze(-1) / 2
        return (torch.exp(torch.xlogy(j, half) - half - torch.lgamma(j + 1)) / (n - 2 + 2 * j)).sum(-1)

    around = theta - theta.mean(-1, keepdim=True)
    return torch.stack([D - max(c * (2 * (D - 2) - c), 0) * inverse(D, theta.square().sum(-1)),
                        D - max(c * (2 * (D - 3) - c), 0) * inverse(D - 1, around.square().sum(-1))])

# %% wrong mean_subtracted_once: the second lambda is |theta|^2 - mean^2 instead of |theta|^2 - D mean^2; right where the mean is zero
def stein_risk(theta, c):
    D, j = theta.shape[-1], torch.arange(2000, dtype=torch.float64)

    def inverse(n, lam):
        half = lam.unsqueeze(-1) / 2
        return (torch.exp(torch.xlogy(j, half) - half - torch.lgamma(j + 1)) / (n - 2 + 2 * j)).sum(-1)

    lam = theta.square().sum(-1)
    return torch.stack([D - c * (2 * (D - 2) - c) * inverse(D, lam),
                        D - c * (2 * (D - 3) - c) * inverse(D - 1, lam - theta.mean(-1).square())])

# %% wrong two_for_three: in the second row 2 (D - 2) is kept in the cross term, where D - 3 belongs
def stein_risk(theta, c):
    D, j = theta.shape[-1], torch.arange(2000, dtype=torch.float64)

    def inverse(n, lam):
        half = lam.unsqueeze(-1) / 2
        return (torch.exp(torch.xlogy(j, half) - half - torch.lgamma(j + 1)) / (n - 2 + 2 * j)).sum(-1)

    around = theta - theta.mean(-1, keepdim=True)
    return torch.stack([D - c * (2 * (D - 2) - c) * inverse(D, theta.square().sum(-1)),
                        D - c * (2 * (D - 2) - c) * inverse(D - 1, around.square().sum(-1))])

# %% wrong mean_over_batch: the grand mean is taken over all data; right for one theta
def stein_risk(theta, c):
    D, j = theta.shape[-1], torch.arange(2000, dtype=torch.float64)

    def inverse(n, lam):
        half = lam.unsqueeze(-1) / 2
        return (torch.exp(torch.xlogy(j, half) - half - torch.lgamma(j + 1)) / (n - 2 + 2 * j)).sum(-1)

    around = theta - theta.mean()
    return torch.stack([D - c * (2 * (D - 2) - c) * inverse(D, theta.square().sum(-1)),
                        D - c * (2 * (D - 3) - c) * inverse(D - 1, around.square().sum(-1))])

# %% wrong cut_tail_quadrature: E 1/|x|^2 as the integral of the Laplace transform, t cut at 500 and no tail: nothing lost for D of 8 or more, two digits left for D of 4
def stein_risk(theta, c):
    D = theta.shape[-1]
    edge = torch.linspace(0, math.log(501.0), 40001, dtype=torch.float64)
    t, jac = edge.exp() - 1, edge.exp()

    def inverse(n, lam):
        f = (1 + 2 * t) ** (-n / 2) * torch.exp(-lam.unsqueeze(-1) * t / (1 + 2 * t)) * jac
        return torch.trapezoid(f, edge, dim=-1)

    around = theta - theta.mean(-1, keepdim=True)
    return torch.stack([D - c * (2 * (D - 2) - c) * inverse(D, theta.square().sum(-1)),
                        D - c * (2 * (D - 3) - c) * inverse(D - 1, around.square().sum(-1))])

# %% wrong monte_carlo: a simulation with 20,000 draws, seeded globally: three digits, and the caller's random state is gone
def stein_risk(theta, c):
    torch.manual_seed(0)
    out = []
    for row in theta.reshape(-1, theta.shape[-1]):
        x = row + torch.randn(20_000, len(row), dtype=torch.float64)
        mean = x.mean(-1, keepdim=True)
        a = (1 - c / x.square().sum(-1, keepdim=True)) * x
        b = mean + (1 - c / (x - mean).square().sum(-1, keepdim=True)) * (x - mean)
        out.append(torch.stack([(a - row).square().sum(-1).mean(), (b - row).square().sum(-1).mean()]))
    return torch.stack(out, 1).reshape(2, *theta.shape[:-1])
