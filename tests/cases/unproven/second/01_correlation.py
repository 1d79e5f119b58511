import math

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import logsigmoid


def _finish(table: Tensor) -> tuple[Tensor, Tensor]:
    p1, p2 = table[1].sum(), table[:, 1].sum()
    return table, (table[1, 1] - p1 * p2) / (p1 * (1 - p1) * p2 * (1 - p2)).sqrt()


def _grid(end: float, points: int) -> tuple[Tensor, Tensor]:
    z = torch.linspace(-end, end, points, dtype=torch.float64)
    return z, (-(z**2) / 2).exp() / math.sqrt(2 * math.pi) * (z[1] - z[0])


# %% right einsum_on_fine_grid: forty thousand points from -9 to 9, one einsum
def two_bernoullis(intercepts: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
    z, w = _grid(9.0, 40_001)
    p = torch.sigmoid(intercepts.double()[:, None] + slopes.double()[:, None] * z)
    both = torch.stack([1 - p, p], 1)
    return _finish(torch.einsum("in,jn,n->ij", both[0], both[1], w))


# %% right scipy_between_the_steps: adaptive quadrature between the places where a sigmoid climbs
def two_bernoullis(intercepts: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
    from scipy.integrate import quad

    a, b = intercepts.tolist(), slopes.tolist()
    cuts = {-10.0, 0.0, 10.0}
    for ai, bi in zip(a, b):
        if bi:
            cuts |= {min(max(-ai / bi + k / abs(bi), -10.0), 10.0) for k in (-30, -10, -3, 0, 3, 10, 30)}
    cuts = sorted(cuts)
    expit = lambda t: 1 / (1 + math.exp(-t)) if t > -700 else 0.0
    table = np.zeros((2, 2))
    for i in (0, 1):
        for j in (0, 1):
            f = lambda z: (expit((2 * i - 1) * (a[0] + b[0] * z)) * expit((2 * j - 1) * (a[1] + b[1] * z))
                           * math.exp(-z * z / 2) / math.sqrt(2 * math.pi))
            table[i, j] = sum(quad(f, u, v, epsabs=1e-12)[0] for u, v in zip(cuts, cuts[1:]) if v > u)
    return _finish(torch.tensor(table))


# %% right conditional_tables: a loop over the states, log-sigmoids, mid-points, corner by subtraction
def two_bernoullis(intercepts: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
    h = 0.0005
    z = torch.arange(-8.5, 8.5, h, dtype=torch.float64) + h / 2
    log_w = -(z**2) / 2 - 0.5 * math.log(2 * math.pi) + math.log(h)
    ls = [logsigmoid(intercepts[i] + slopes[i] * z) for i in range(2)]
    p11 = (ls[0] + ls[1] + log_w).exp().sum()
    p1, p2 = ((l + log_w).exp().sum() for l in ls)
    table = torch.stack([torch.stack([1 - p1 - p2 + p11, p2 - p11]), torch.stack([p1 - p11, p11])])
    return table, (p11 - p1 * p2) / (p1 - p1**2).sqrt() / (p2 - p2**2).sqrt()


# %% wrong short_grid: ends at -3 and 3, three thousandths are missing
def two_bernoullis(intercepts: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
    z, w = _grid(3.0, 20_001)
    p = torch.sigmoid(intercepts[:, None] + slopes[:, None] * z)
    both = torch.stack([1 - p, p], 1)
    return _finish(torch.einsum("in,jn,n->ij", both[0], both[1], w))


# %% wrong short_and_renormalized: ends at -3 and 3 and makes the weights add up to one
def two_bernoullis(intercepts: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
    z, w = _grid(3.0, 20_001)
    w = w / w.sum()
    p = torch.sigmoid(intercepts[:, None] + slopes[:, None] * z)
    both = torch.stack([1 - p, p], 1)
    return _finish(torch.einsum("in,jn,n->ij", both[0], both[1], w))


# %% wrong coarse_grid: a hundred points: right for gentle slopes, not for a step
def two_bernoullis(intercepts: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
    z, w = _grid(8.0, 101)
    p = torch.sigmoid(intercepts[:, None] + slopes[:, None] * z)
    both = torch.stack([1 - p, p], 1)
    return _finish(torch.einsum("in,jn,n->ij", both[0], both[1], w))


# %% wrong gauss_hermite: sixty-four Gauss-Hermite points
def two_bernoullis(intercepts: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
    x, w = np.polynomial.hermite_e.hermegauss(64)
    z, w = torch.tensor(x), torch.tensor(w / math.sqrt(2 * math.pi))
    p = torch.sigmoid(intercepts[:, None] + slopes[:, None] * z)
    both = torch.stack([1 - p, p], 1)
    return _finish(torch.einsum("in,jn,n->ij", both[0], both[1], w))


# %% wrong monte_carlo: a million draws of z with a fixed seed instead of a grid, right to three digits
def two_bernoullis(intercepts: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
    z = torch.randn(300_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    p = torch.sigmoid(intercepts[:, None] + slopes[:, None] * z)
    both = torch.stack([1 - p, p], 1)
    return _finish(torch.einsum("in,jn->ij", both[0], both[1]) / z.shape[0])


# %% wrong probit_shortcut: the margins by the MacKay approximation, the corner by quadrature
def two_bernoullis(intercepts: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
    z, w = _grid(8.0, 20_001)
    p = torch.sigmoid(intercepts[:, None] + slopes[:, None] * z)
    p11 = (p[0] * p[1] * w).sum()
    p1, p2 = torch.sigmoid(intercepts / (1 + math.pi * slopes**2 / 8).sqrt())
    return _finish(torch.stack([torch.stack([1 - p1 - p2 + p11, p2 - p11]), torch.stack([p1 - p11, p11])]))


# %% wrong transposed: x2 along the rows
def two_bernoullis(intercepts: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
    z, w = _grid(8.0, 20_001)
    p = torch.sigmoid(intercepts[:, None] + slopes[:, None] * z)
    both = torch.stack([1 - p, p], 1)
    return _finish(torch.einsum("in,jn,n->ji", both[0], both[1], w))


# %% wrong variance_of_the_probability: the denominator holds the variances of the sigmoids over z
def two_bernoullis(intercepts: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
    z, w = _grid(8.0, 20_001)
    p = torch.sigmoid(intercepts[:, None] + slopes[:, None] * z)
    both = torch.stack([1 - p, p], 1)
    table, _ = _finish(torch.einsum("in,jn,n->ij", both[0], both[1], w))
    m = (p * w).sum(-1)
    v = (p**2 * w).sum(-1) - m**2
    return table, (table[1, 1] - m[0] * m[1]) / v.prod().sqrt()


# %% wrong correlation_in_absolute_value: loses the sign of the correlation
def two_bernoullis(intercepts: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
    z, w = _grid(8.0, 20_001)
    p = torch.sigmoid(intercepts[:, None] + slopes[:, None] * z)
    both = torch.stack([1 - p, p], 1)
    table, r = _finish(torch.einsum("in,jn,n->ij", both[0], both[1], w))
    return table, r.abs()


# %% wrong steep_becomes_a_step: above a slope of 50 the sigmoid is replaced by a step
def two_bernoullis(intercepts: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
    z, w = _grid(8.0, 40_001)
    t = intercepts[:, None] + slopes[:, None] * z
    p = torch.where(slopes.abs()[:, None] > 50, (t > 0).double(), torch.sigmoid(t))
    both = torch.stack([1 - p, p], 1)
    return _finish(torch.einsum("in,jn,n->ij", both[0], both[1], w))


# %% wrong clamped_logits: logits are clamped to five "for stability"
def two_bernoullis(intercepts: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
    z, w = _grid(8.0, 40_001)
    p = torch.sigmoid((intercepts[:, None] + slopes[:, None] * z).clamp(-5, 5))
    both = torch.stack([1 - p, p], 1)
    return _finish(torch.einsum("in,jn,n->ij", both[0], both[1], w))


# %% wrong phi_coefficient_of_odds: Yule's coefficient from the odds ratio in place of the correlation
def two_bernoullis(intercepts: Tensor, slopes: Tensor) -> tuple[Tensor, Tensor]:
    z, w = _grid(8.0, 40_001)
    p = torch.sigmoid(intercepts[:, None] + slopes[:, None] * z)
    both = torch.stack([1 - p, p], 1)
    t = torch.einsum("in,jn,n->ij", both[0], both[1], w)
    a, b = (t[0, 0] * t[1, 1]).sqrt(), (t[0, 1] * t[1, 0]).sqrt()
    return t, (a - b) / (a + b)
