# %% right course_model: The joint density of the course's TwoBernoullis, added up over a grid in log space.
import torch

from course_vi.models import TwoBernoullis


def two_bernoullis(intercepts, slopes):
    model = TwoBernoullis(intercepts.tolist(), slopes.tolist()).double().requires_grad_(False)
    model.intercepts.copy_(intercepts), model.slopes.copy_(slopes)
    z = torch.linspace(-10, 10, 16001, dtype=torch.float64).view(-1, 1)
    states = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], dtype=torch.float64)
    table = torch.stack([model.log_joint(x, z).logsumexp(0) for x in states]).exp().view(2, 2) * (z[1] - z[0])
    x = torch.tensor([0.0, 1.0], dtype=torch.float64)
    m1, m2 = (table.sum(1) * x).sum(), (table.sum(0) * x).sum()
    s1, s2 = (table.sum(1) * (x - m1) ** 2).sum().sqrt(), (table.sum(0) * (x - m2) ** 2).sum().sqrt()
    return table, (((x - m1)[:, None] * (x - m2)) * table).sum() / (s1 * s2)


# %% right grid: A sum over a fine grid, weighted by the prior.
import math

import torch


def two_bernoullis(intercepts, slopes):
    z = torch.linspace(-10, 10, 20001, dtype=torch.float64)
    prior = torch.exp(-0.5 * z**2) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    p = torch.sigmoid(intercepts[:, None] + slopes[:, None] * z)
    table = torch.zeros(2, 2, dtype=torch.float64)
    for i in (0, 1):
        for j in (0, 1):
            table[i, j] = ((p[0] if i else 1 - p[0]) * (p[1] if j else 1 - p[1]) * prior).sum()
    p1, p2 = table[1].sum(), table[:, 1].sum()
    correlation = (table[1, 1] - p1 * p2) / torch.sqrt(p1 * (1 - p1) * p2 * (1 - p2))
    return table, correlation


# %% right numpy_trapezoid: NumPy's trapezoid rule, and the formula for a two by two table.
import numpy as np
import torch
from scipy.special import expit


def two_bernoullis(intercepts, slopes):
    z = np.linspace(-9, 9, 9001)
    density = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    a, b = np.asarray(intercepts), np.asarray(slopes)
    p, q = expit(a[0] + b[0] * z), expit(a[1] + b[1] * z)
    n11, n10 = np.trapezoid(p * q * density, z), np.trapezoid(p * (1 - q) * density, z)
    n01, n00 = np.trapezoid((1 - p) * q * density, z), np.trapezoid((1 - p) * (1 - q) * density, z)
    phi = (n11 * n00 - n10 * n01) / np.sqrt((n11 + n10) * (n01 + n00) * (n11 + n01) * (n10 + n00))
    return torch.tensor([[n00, n01], [n10, n11]]), torch.tensor(phi)


# %% right scipy_quad: Scipy's adaptive quadrature, told where the sigmoids climb.
import numpy as np
import torch
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm


def two_bernoullis(intercepts, slopes):
    a, b = intercepts.numpy(), slopes.numpy()
    edges = sorted({-12.0, 12.0, *[float(np.clip(-a[i] / b[i], -11.9, 11.9)) for i in (0, 1) if b[i] != 0]})

    def integral(f):
        return sum(quad(f, low, high, epsabs=1e-12, epsrel=1e-10, limit=400)[0] for low, high in zip(edges, edges[1:]))

    p1 = integral(lambda z: norm.pdf(z) * expit(a[0] + b[0] * z))
    p2 = integral(lambda z: norm.pdf(z) * expit(a[1] + b[1] * z))
    p11 = integral(lambda z: norm.pdf(z) * expit(a[0] + b[0] * z) * expit(a[1] + b[1] * z))
    table = torch.tensor([[1 - p1 - p2 + p11, p2 - p11], [p1 - p11, p11]], dtype=torch.float64)
    return table, torch.tensor((p11 - p1 * p2) / (p1 * (1 - p1) * p2 * (1 - p2)) ** 0.5)


# %% wrong covariance, from right grid: The covariance is returned as the correlation. It has the right sign, and vanishes at the right place, so a plot looks plausible.
# diagnosis: covariance
#-     table = torch.zeros(2, 2, dtype=torch.float64)
#-     for i in (0, 1):
#-         for j in (0, 1):
#-             table[i, j] = ((p[0] if i else 1 - p[0]) * (p[1] if j else 1 - p[1]) * prior).sum()
#+     both = torch.stack([1 - p, p], 1)
#+     table = torch.einsum("iz,jz,z->ij", both[0], both[1], prior)
#@@
#-     correlation = (table[1, 1] - p1 * p2) / torch.sqrt(p1 * (1 - p1) * p2 * (1 - p2))
#-     return table, correlation
#+     return table, (table[1, 1] - p1 * p2)


# %% wrong flipped, from right grid: Rows are stacked as p, 1 - p, so that entry [0, 0] belongs to two ones. The correlation does not notice, since both coins are turned.
# diagnosis: flipped
#-     table = torch.zeros(2, 2, dtype=torch.float64)
#-     for i in (0, 1):
#-         for j in (0, 1):
#-             table[i, j] = ((p[0] if i else 1 - p[0]) * (p[1] if j else 1 - p[1]) * prior).sum()
#+     both = torch.stack([p, 1 - p], 1)
#+     table = torch.einsum("iz,jz,z->ij", both[0], both[1], prior)
#@@
#-     correlation = (table[1, 1] - p1 * p2) / torch.sqrt(p1 * (1 - p1) * p2 * (1 - p2))
#-     return table, correlation
#+     return table, (table[1, 1] - p1 * p2) / torch.sqrt(p1 * (1 - p1) * p2 * (1 - p2))


# %% wrong hermite, from right numpy_trapezoid: Gauss-Hermite quadrature with 48 nodes is nearly exact for smooth integrands. At a slope of 60 the sigmoid is a step between two nodes.
# diagnosis: too_coarse
import numpy as np
import torch


def two_bernoullis(intercepts, slopes):
    nodes, weights = np.polynomial.hermite_e.hermegauss(48)
    z, prior = torch.from_numpy(nodes), torch.from_numpy(weights / weights.sum())
    p = torch.sigmoid(intercepts[:, None] + slopes[:, None] * z)
    both = torch.stack([1 - p, p], 1)
    table = torch.einsum("iz,jz,z->ij", both[0], both[1], prior)
    p1, p2 = table[1].sum(), table[:, 1].sum()
    return table, (table[1, 1] - p1 * p2) / torch.sqrt(p1 * (1 - p1) * p2 * (1 - p2))


# %% wrong independent, from right grid: Each coin is integrated over a z of its own, and the two results are multiplied: the common cause has been cut in two.
# diagnosis: independent
#-     table = torch.zeros(2, 2, dtype=torch.float64)
#-     for i in (0, 1):
#-         for j in (0, 1):
#-             table[i, j] = ((p[0] if i else 1 - p[0]) * (p[1] if j else 1 - p[1]) * prior).sum()
#+     both = torch.stack([1 - p, p], 1)
#+     table = torch.outer((both[0] * prior).sum(-1), (both[1] * prior).sum(-1))
#@@
#-     correlation = (table[1, 1] - p1 * p2) / torch.sqrt(p1 * (1 - p1) * p2 * (1 - p2))
#-     return table, correlation
#+     return table, (table[1, 1] - p1 * p2) / torch.sqrt(p1 * (1 - p1) * p2 * (1 - p2))


# %% wrong no_prior, from right grid: All points of the grid have the same weight: the average over z is taken, and its density N(z; 0, 1) forgotten.
# diagnosis: no_prior
import torch


def two_bernoullis(intercepts, slopes):
    z = torch.linspace(-10, 10, 20001, dtype=torch.float64)
    prior = torch.full_like(z, 1 / len(z))
    p = torch.sigmoid(intercepts[:, None] + slopes[:, None] * z)
    both = torch.stack([1 - p, p], 1)
    table = torch.einsum("iz,jz,z->ij", both[0], both[1], prior)
    p1, p2 = table[1].sum(), table[:, 1].sum()
    return table, (table[1, 1] - p1 * p2) / torch.sqrt(p1 * (1 - p1) * p2 * (1 - p2))


# %% wrong no_step, from right grid: The integrand is added up without the step of the grid: a sum stands for the integral, a thousand times too large.
# diagnosis: not_normalized
#-     prior = torch.exp(-0.5 * z**2) / math.sqrt(2 * math.pi) * (z[1] - z[0])
#+     prior = torch.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)
#@@
#-     table = torch.zeros(2, 2, dtype=torch.float64)
#-     for i in (0, 1):
#-         for j in (0, 1):
#-             table[i, j] = ((p[0] if i else 1 - p[0]) * (p[1] if j else 1 - p[1]) * prior).sum()
#+     both = torch.stack([1 - p, p], 1)
#+     table = torch.einsum("iz,jz,z->ij", both[0], both[1], prior)
#@@
#-     correlation = (table[1, 1] - p1 * p2) / torch.sqrt(p1 * (1 - p1) * p2 * (1 - p2))
#-     return table, correlation
#+     return table, (table[1, 1] - p1 * p2) / torch.sqrt(p1 * (1 - p1) * p2 * (1 - p2))


# %% wrong of_probabilities, from right grid: The variances are those of sigmoid(a + bz) over z. A coin also varies around its probability, so this correlation is too large.
# diagnosis: of_probabilities
#-     table = torch.zeros(2, 2, dtype=torch.float64)
#-     for i in (0, 1):
#-         for j in (0, 1):
#-             table[i, j] = ((p[0] if i else 1 - p[0]) * (p[1] if j else 1 - p[1]) * prior).sum()
#+     both = torch.stack([1 - p, p], 1)
#+     table = torch.einsum("iz,jz,z->ij", both[0], both[1], prior)
#@@
#-     correlation = (table[1, 1] - p1 * p2) / torch.sqrt(p1 * (1 - p1) * p2 * (1 - p2))
#-     return table, correlation
#+     v1, v2 = ((p[0] - p1) ** 2 * prior).sum(), ((p[1] - p2) ** 2 * prior).sum()
#+     return table, (table[1, 1] - p1 * p2) / torch.sqrt(v1 * v2)


# %% wrong plug_in, from right grid: z is set to its mean, 0. The mean of a function is not the function of the mean, and with z fixed no dependence is left.
# diagnosis: plug_in
import torch


def two_bernoullis(intercepts, slopes):
    z, prior = torch.zeros(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    p = torch.sigmoid(intercepts[:, None] + slopes[:, None] * z)
    both = torch.stack([1 - p, p], 1)
    table = torch.einsum("iz,jz,z->ij", both[0], both[1], prior)
    p1, p2 = table[1].sum(), table[:, 1].sum()
    return table, (table[1, 1] - p1 * p2) / torch.sqrt(p1 * (1 - p1) * p2 * (1 - p2))


# %% wrong sampled, from right grid: A hundred thousand draws of z give three digits, and other ones at each call, where quadrature gives ten and needs no luck.
# diagnosis: sampled
import torch


def two_bernoullis(intercepts, slopes):
    z = torch.randn(100_000, dtype=torch.float64)
    prior = torch.full_like(z, 1 / len(z))
    p = torch.sigmoid(intercepts[:, None] + slopes[:, None] * z)
    both = torch.stack([1 - p, p], 1)
    table = torch.einsum("iz,jz,z->ij", both[0], both[1], prior)
    p1, p2 = table[1].sum(), table[:, 1].sum()
    return table, (table[1, 1] - p1 * p2) / torch.sqrt(p1 * (1 - p1) * p2 * (1 - p2))


# %% wrong short_grid, from right numpy_trapezoid: The grid ends at three standard deviations, as on a plot of a normal density; 0.3 per cent of the probability lies beyond.
# diagnosis: short_grid
import torch


def two_bernoullis(intercepts, slopes):
    z = torch.linspace(-3, 3, 10001, dtype=torch.float64)
    weights = torch.exp(-z**2 / 2) / (2 * torch.pi) ** 0.5 * (z[1] - z[0])
    one = torch.sigmoid(intercepts[:, None] + slopes[:, None] * z)
    first, second = torch.stack([1 - one[0], one[0]]), torch.stack([1 - one[1], one[1]])
    table = (first * weights) @ second.T
    p1, p2 = table[1].sum(), table[:, 1].sum()
    return table, (table[1, 1] - p1 * p2) / (p1 * (1 - p1) * p2 * (1 - p2)).sqrt()


# %% wrong single_precision, from right grid: linspace makes single precision unless told otherwise. The distance of two neighbouring points is then right to three digits only.
# diagnosis: step
#-     z = torch.linspace(-10, 10, 20001, dtype=torch.float64)
#+     z = torch.linspace(-10, 10, 20001)
#@@
#-     table = torch.zeros(2, 2, dtype=torch.float64)
#-     for i in (0, 1):
#-         for j in (0, 1):
#-             table[i, j] = ((p[0] if i else 1 - p[0]) * (p[1] if j else 1 - p[1]) * prior).sum()
#+     both = torch.stack([1 - p, p], 1)
#+     table = torch.einsum("iz,jz,z->ij", both[0], both[1], prior.double())
#@@
#-     correlation = (table[1, 1] - p1 * p2) / torch.sqrt(p1 * (1 - p1) * p2 * (1 - p2))
#-     return table, correlation
#+     return table, (table[1, 1] - p1 * p2) / torch.sqrt(p1 * (1 - p1) * p2 * (1 - p2))


# %% wrong swapped, from right grid: Intercepts and slopes have changed places: with numbers of like size the table looks reasonable.
# diagnosis: swapped
#-     p = torch.sigmoid(intercepts[:, None] + slopes[:, None] * z)
#-     table = torch.zeros(2, 2, dtype=torch.float64)
#-     for i in (0, 1):
#-         for j in (0, 1):
#-             table[i, j] = ((p[0] if i else 1 - p[0]) * (p[1] if j else 1 - p[1]) * prior).sum()
#+     p = torch.sigmoid(slopes[:, None] + intercepts[:, None] * z)
#+     both = torch.stack([1 - p, p], 1)
#+     table = torch.einsum("iz,jz,z->ij", both[0], both[1], prior)
#@@
#-     correlation = (table[1, 1] - p1 * p2) / torch.sqrt(p1 * (1 - p1) * p2 * (1 - p2))
#-     return table, correlation
#+     return table, (table[1, 1] - p1 * p2) / torch.sqrt(p1 * (1 - p1) * p2 * (1 - p2))


# %% wrong variance_for_scale, from right grid: The covariance is divided by both variances where it takes their square roots: nobody misses the sqrt until a value exceeds one.
# diagnosis: variance_for_scale
#-     table = torch.zeros(2, 2, dtype=torch.float64)
#-     for i in (0, 1):
#-         for j in (0, 1):
#-             table[i, j] = ((p[0] if i else 1 - p[0]) * (p[1] if j else 1 - p[1]) * prior).sum()
#+     both = torch.stack([1 - p, p], 1)
#+     table = torch.einsum("iz,jz,z->ij", both[0], both[1], prior)
#@@
#-     correlation = (table[1, 1] - p1 * p2) / torch.sqrt(p1 * (1 - p1) * p2 * (1 - p2))
#-     return table, correlation
#+     return table, (table[1, 1] - p1 * p2) / (p1 * (1 - p1) * p2 * (1 - p2))


# %% wrong never_negative, from right grid: A common cause is thought to make things alike, so the correlation is cut off at zero. Slopes of two signs make them unlike.
# diagnosis: never_negative
#-     return table, correlation
#+     return table, correlation.clamp(min=0)


# %% wrong slopes_clamped, from right grid: Slopes beyond fifty are cut off, so that nothing overflows, where sigmoid never does.
# diagnosis: described
#-     p = torch.sigmoid(intercepts[:, None] + slopes[:, None] * z)
#+     p = torch.sigmoid(intercepts[:, None] + slopes.clamp(-50, 50)[:, None] * z)


# %% wrong dense_at_zero, from right grid: Points lie closely where z is near zero, since a sigmoid is steep there; with an intercept it is steep elsewhere.
# diagnosis: value
#-     z = torch.linspace(-10, 10, 20001, dtype=torch.float64)
#-     prior = torch.exp(-0.5 * z**2) / math.sqrt(2 * math.pi) * (z[1] - z[0])
#+     u = torch.linspace(-9.8, 9.8, 401, dtype=torch.float64)
#+     z = 1e-3 * torch.sinh(u)
#+     prior = torch.exp(-0.5 * z**2) / math.sqrt(2 * math.pi) * 1e-3 * torch.cosh(u) * (u[1] - u[0])
