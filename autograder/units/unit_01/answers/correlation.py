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


# %% wrong covariance, from right grid: This is the covariance. Divide it by both standard deviations.
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


# %% wrong flipped, from right grid: The outcomes are turned round: entry [0, 0] is the probability of x1 = 0, x2 = 0.
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


# %% wrong hermite, from right numpy_trapezoid: Near, but not near enough. A sigmoid this steep climbs within 0.1 of z, so the points must lie closer than that: a fine grid from -10 to 10 has no trouble, a few dozen quadrature nodes have.
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


# %% wrong independent, from right grid: This is the product of the two marginals. Given z the two are independent; the integral over z comes after the product, not before it.
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


# %% wrong no_prior, from right grid: The prior N(z; 0, 1) is missing: every z has the same weight in your average.
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


# %% wrong no_step, from right grid: Right up to a factor: the four probabilities do not add up to one.
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


# %% wrong of_probabilities, from right grid: This is the correlation of the two probabilities, sigmoid(a + b z).
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


# %% wrong plug_in, from right grid: You put the prior mean z = 0 in place of z. The probability is an average over z.
# diagnosis: plug_in
import torch


def two_bernoullis(intercepts, slopes):
    z, prior = torch.zeros(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    p = torch.sigmoid(intercepts[:, None] + slopes[:, None] * z)
    both = torch.stack([1 - p, p], 1)
    table = torch.einsum("iz,jz,z->ij", both[0], both[1], prior)
    p1, p2 = table[1].sum(), table[:, 1].sum()
    return table, (table[1, 1] - p1 * p2) / torch.sqrt(p1 * (1 - p1) * p2 * (1 - p2))


# %% wrong sampled, from right grid: Two calls with the same arguments gave two answers: you drew samples.
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


# %% wrong short_grid, from right numpy_trapezoid: The grid ends too early. Beyond -3 and 3 there lies 0.3 per cent of N(0, 1), and five digits are asked: go to -8 and 8.
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


# %% wrong single_precision, from right grid: Nearly: right to three digits. Is the grid in single precision?
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


# %% wrong swapped, from right grid: Intercepts and slopes are exchanged: the logit is a + b z.
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


# %% wrong variance_for_scale, from right grid: You divided by the variances. Divide by the standard deviations, their square roots.
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
