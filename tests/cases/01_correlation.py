import math

import numpy as np
import torch


def table_on(low, high, points, a, b):
    z = torch.linspace(low, high, points, dtype=torch.float64)
    weight = torch.exp(-0.5 * z**2) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    p = torch.sigmoid(a.unsqueeze(-1) + b.unsqueeze(-1) * z)
    first, second = (torch.stack([1 - row, row]) for row in p)
    return torch.einsum("iz,jz,z->ij", first, second, weight)


def correlation(t):
    p1, p2 = t[1].sum(), t[:, 1].sum()
    return (t[1, 1] - p1 * p2) / (p1 * (1 - p1) * p2 * (1 - p2)).sqrt()


# %% right scipy: SciPy's adaptive quadrature, NumPy arrays, a Python float.
from scipy.integrate import quad
from scipy.special import expit


def two_bernoullis(intercepts, slopes):
    (a1, a2), (b1, b2) = intercepts.tolist(), slopes.tolist()
    kinks = sorted({min(max(-a / b, -8.9), 8.9) for a, b in ((a1, b1), (a2, b2)) if b})
    edges = sorted(
        {-9.0, 9.0, *kinks, *[k + d for k in kinks for d in (-0.3, 0.3) if -9 < k + d < 9]}
    )
    table = np.zeros((2, 2))
    for i in (0, 1):
        for j in (0, 1):
            s, t = 2 * i - 1, 2 * j - 1
            f = lambda z: (
                expit(s * (a1 + b1 * z))
                * expit(t * (a2 + b2 * z))
                * math.exp(-z * z / 2)
                / math.sqrt(2 * math.pi)
            )
            table[i, j] = sum(quad(f, lo, hi, epsabs=1e-10)[0] for lo, hi in zip(edges, edges[1:]))
    p1, p2 = table[1].sum(), table[:, 1].sum()
    return table, float((table[1, 1] - p1 * p2) / math.sqrt(p1 * (1 - p1) * p2 * (1 - p2)))


# %% wrong never_negative: A common cause "makes alike": the correlation is cut off at zero.
# not told: Given z the two are independent
def two_bernoullis(intercepts, slopes):
    table = table_on(-9, 9, 20001, intercepts, slopes)
    return table, correlation(table).clamp(min=0)


# %% wrong unsigned: The correlation without its sign.
def two_bernoullis(intercepts, slopes):
    table = table_on(-9, 9, 20001, intercepts, slopes)
    return table, correlation(table).abs()


# %% wrong four_deviations: The grid ends at four standard deviations.
def two_bernoullis(intercepts, slopes):
    table = table_on(-4, 4, 20001, intercepts, slopes)
    return table, correlation(table)


# %% wrong slope_limit: Slopes beyond fifty are cut off.
def two_bernoullis(intercepts, slopes):
    table = table_on(-9, 9, 20001, intercepts, slopes.clamp(-50, 50))
    return table, correlation(table)


# %% wrong destroys: The slopes' signs are taken out in place.
def two_bernoullis(intercepts, slopes):
    table = table_on(-9, 9, 20001, intercepts, slopes)
    slopes.abs_()
    intercepts.zero_()
    return table, correlation(table)


# %% wrong transposed: x1 stands along the columns.
def two_bernoullis(intercepts, slopes):
    table = table_on(-9, 9, 20001, intercepts, slopes)
    return table.T, correlation(table)
