import itertools
import math

import numpy as np
import torch
from torch import Tensor

KINDS = ("mean", "sum", "max")


def log_densities(x, tau, sigma, points=80):
    """log density of mean, sum and maximum of n points, n = 1 to 8, at those of this set; (3, 8)."""
    n = torch.arange(1, 9, dtype=torch.float64)
    mean, total, top = x.mean(), x.sum(), x.max()

    def log_normal(at, var):
        return -0.5 * at**2 / var - 0.5 * (2 * math.pi * var).log()

    nodes, weights = (torch.from_numpy(v) for v in np.polynomial.hermite_e.hermegauss(points))
    loc, dev = top * tau**2 / (tau**2 + sigma**2), tau * sigma / math.sqrt(tau**2 + sigma**2)
    below = torch.special.log_ndtr((top - loc - dev * nodes) / sigma)
    inner = (weights.log() - 0.5 * math.log(2 * math.pi) + (n[:, None] - 1) * below).logsumexp(-1)
    largest = n.log() + inner + log_normal(top, torch.as_tensor(tau**2 + sigma**2))
    return torch.stack([log_normal(mean, tau**2 + sigma**2 / n), log_normal(total, n**2 * tau**2 + n * sigma**2), largest])


def predicted(x, tau, sigma, chances):
    """Variance that each of the three would report of the set x; (3)."""
    w = torch.softmax(log_densities(x, tau, sigma) + chances.log(), -1)
    return 1 / (w * (1 / tau**2 + torch.arange(1, 9, dtype=torch.float64) / sigma**2)).sum(-1)


def table(points, present, scales, chances):
    """(3 persons, 3 kinds)."""
    return torch.stack([predicted(x[t], float(s[0]), float(s[1]), p) for x, t, s, p in zip(points, present, scales, chances)])


def best_assignment(cost):
    order = min(itertools.permutations(range(3)), key=lambda names: sum(float(cost[i, k]) for i, k in enumerate(names)))
    return [KINDS[k] for k in order]


# %% right least_squares: all three predicted (the maximum by Gauss-Hermite), the order with the least squares in standard errors
def name_them(reports, errors, points, present, scales, chances):
    off = (reports[:, None] - table(points, present, scales, chances)) / errors[:, None]
    return best_assignment(off**2)

# %% right two_and_the_rest: NumPy; mean and sum alone are predicted, the best pair of persons is found, and who is left pools the maximum; returns a tuple
def name_them(reports, errors, points, present, scales, chances):
    n = np.arange(1, 9)
    off = np.zeros((3, 2))
    for i in range(3):
        x = np.array(points[i])[np.array(present[i])]
        tau, sigma = scales[i].tolist()
        for j, (value, var) in enumerate(((x.mean(), tau**2 + sigma**2 / n), (x.sum(), (n * tau) ** 2 + n * sigma**2))):
            w = np.array(chances[i]) * np.exp(-0.5 * value**2 * (1 / var - 1 / var.max())) / np.sqrt(var)
            v = w.sum() / (w @ (1 / tau**2 + n / sigma**2))
            off[i, j] = (float(reports[i]) - v) / float(errors[i])
    best = min(itertools.permutations(range(3), 2), key=lambda p: off[p[0], 0] ** 2 + off[p[1], 1] ** 2)
    names = ["max"] * 3
    names[best[0]], names[best[1]] = "mean", "sum"
    return tuple(names)

# %% right integral_on_a_grid: the maximum's density by a plain grid over c, each person on his own, the likeliest name; if two agree, the best order
def name_them(reports, errors, points, present, scales, chances):
    n = torch.arange(1, 9, dtype=torch.float64)
    like = []
    for i in range(3):
        x = points[i][present[i]]
        tau, sigma = (float(v) for v in scales[i])
        c = torch.linspace(-9, 9, 6001, dtype=torch.float64) * tau
        prior = torch.distributions.Normal(0.0, tau).log_prob(c)
        z = (x.max() - c) / sigma
        logs = [
            torch.distributions.Normal(torch.zeros(8).double(), (tau**2 + sigma**2 / n).sqrt()).log_prob(x.mean()),
            torch.distributions.Normal(torch.zeros(8).double(), n * (tau**2 + sigma**2 / n).sqrt()).log_prob(x.sum()),
            (prior - 0.5 * z**2 + n.log()[:, None] + (n[:, None] - 1) * torch.special.log_ndtr(z)).logsumexp(-1),
        ]
        row = []
        for log in logs:
            w = torch.softmax(log + chances[i].log(), -1)
            v = 1 / (w @ (1 / tau**2 + n / sigma**2))
            row.append(float(torch.distributions.Normal(v, errors[i]).log_prob(reports[i])))
        like.append(row)
    like = torch.tensor(like, dtype=torch.float64)
    names = like.argmax(-1).tolist()
    return [KINDS[k] for k in names] if len(set(names)) == 3 else best_assignment(-like)

# %% wrong order_of_names: for each name the person it fits, and names sorted by that; the inverse of what is asked, the same in four orders of six
def name_them(reports, errors, points, present, scales, chances):
    off = (reports[:, None] - table(points, present, scales, chances)) / errors[:, None]
    persons = min(itertools.permutations(range(3)), key=lambda who: sum(float(off[p, k]) ** 2 for k, p in enumerate(who)))
    return [KINDS[p] for p in persons]

# %% wrong average_of_variances: q has the average of the posteriors' variances; the best q has the inverse of the average precision
def name_them(reports, errors, points, present, scales, chances):
    n = torch.arange(1, 9, dtype=torch.float64)
    rows = []
    for x, t, s, p in zip(points, present, scales, chances):
        tau, sigma = float(s[0]), float(s[1])
        w = torch.softmax(log_densities(x[t], tau, sigma) + p.log(), -1)
        rows.append((w / (1 / tau**2 + n / sigma**2)).sum(-1))
    return best_assignment(((reports[:, None] - torch.stack(rows)) / errors[:, None]) ** 2)

# %% wrong spread_of_the_mixture: variance of the mixture of posteriors for mean and sum, the means' spread included; the other KL's best q
def name_them(reports, errors, points, present, scales, chances):
    n = torch.arange(1, 9, dtype=torch.float64)
    rows = []
    for x, t, s, p in zip(points, present, scales, chances):
        x, tau, sigma = x[t], float(s[0]), float(s[1])
        w = torch.softmax(log_densities(x, tau, sigma) + p.log(), -1)
        lam = 1 / tau**2 + n / sigma**2
        mu = torch.stack([n * x.mean(), x.sum().expand(8), n * x.mean()]) / sigma**2 / lam
        centre = (w * mu).sum(-1, keepdim=True)
        rows.append((w * (1 / lam + (mu - centre) ** 2)).sum(-1))
    return best_assignment(((reports[:, None] - torch.stack(rows)) / errors[:, None]) ** 2)

# %% wrong independent_points: sum and maximum as if points were independent N(0, tau^2 + sigma^2); they share c
def name_them(reports, errors, points, present, scales, chances):
    n = torch.arange(1, 9, dtype=torch.float64)
    rows = []
    for x, t, s, p in zip(points, present, scales, chances):
        x, tau, sigma = x[t], float(s[0]), float(s[1])
        var = tau**2 + sigma**2
        z = x.max() / math.sqrt(var)
        logs = torch.stack([-0.5 * x.mean() ** 2 * n / var + 0.5 * n.log(),
                            -0.5 * x.sum() ** 2 / (n * var) - 0.5 * n.log(),
                            n.log() + (n - 1) * torch.special.log_ndtr(z)])
        w = torch.softmax(logs + p.log(), -1)
        rows.append(1 / (w * (1 / tau**2 + n / sigma**2)).sum(-1))
    return best_assignment(((reports[:, None] - torch.stack(rows)) / errors[:, None]) ** 2)

# %% wrong chances_left_out: the weights are the densities of what is pooled, and all sizes equally likely before; the chances of this world are forgotten
def name_them(reports, errors, points, present, scales, chances):
    rows = table(points, present, scales, torch.ones_like(chances))
    return best_assignment(((reports[:, None] - rows) / errors[:, None]) ** 2)

# %% wrong sum_as_scaled_mean: the sum is n times the mean, so I ask the density of the mean at sum / n; the factor n of the change of variables is missing
def name_them(reports, errors, points, present, scales, chances):
    n = torch.arange(1, 9, dtype=torch.float64)
    rows = []
    for x, t, s, p in zip(points, present, scales, chances):
        x, tau, sigma = x[t], float(s[0]), float(s[1])
        logs = log_densities(x, tau, sigma)
        logs[1] = torch.distributions.Normal(torch.zeros(8).double(), (tau**2 + sigma**2 / n).sqrt()).log_prob(x.sum() / n)
        logs[2] = -1e9
        w = torch.softmax(logs + p.log(), -1)
        rows.append(1 / (w * (1 / tau**2 + n / sigma**2)).sum(-1))
    cost = ((reports[:, None] - torch.stack(rows)) / errors[:, None]) ** 2
    cost[:, 2] = 0
    return best_assignment(cost)

# %% wrong c_known_to_be_zero: densities of mean, sum and maximum for c = 0; c is drawn, too
def name_them(reports, errors, points, present, scales, chances):
    n = torch.arange(1, 9, dtype=torch.float64)
    rows = []
    for x, t, s, p in zip(points, present, scales, chances):
        x, tau, sigma = x[t], float(s[0]), float(s[1])
        logs = torch.stack([-0.5 * x.mean() ** 2 * n / sigma**2 + 0.5 * n.log(),
                            -0.5 * x.sum() ** 2 / (n * sigma**2) - 0.5 * n.log(),
                            n.log() + (n - 1) * torch.special.log_ndtr(x.max() / sigma)])
        w = torch.softmax(logs + p.log(), -1)
        rows.append(1 / (w * (1 / tau**2 + n / sigma**2)).sum(-1))
    return best_assignment(((reports[:, None] - torch.stack(rows)) / errors[:, None]) ** 2)

# %% wrong chance_of_at_most: the maximum's weight is the probability that no point is higher, Phi^n, its distribution function; its density is wanted
def name_them(reports, errors, points, present, scales, chances):
    n = torch.arange(1, 9, dtype=torch.float64)
    rows = []
    for x, t, s, p in zip(points, present, scales, chances):
        x, tau, sigma = x[t], float(s[0]), float(s[1])
        c = torch.linspace(-9, 9, 2001, dtype=torch.float64) * tau
        logs = log_densities(x, tau, sigma)
        logs[2] = (-0.5 * (c / tau) ** 2 + n[:, None] * torch.special.log_ndtr((x.max() - c) / sigma)).logsumexp(-1)
        w = torch.softmax(logs + p.log(), -1)
        rows.append(1 / (w * (1 / tau**2 + n / sigma**2)).sum(-1))
    off = ((reports[:, None] - torch.stack(rows)) / errors[:, None]).abs()
    return [KINDS[k] for k in off.argmin(-1).tolist()]

# %% wrong padding_counts: mean, sum and maximum of all eight columns, with zeros where no point is; the mean of a small set is too near to zero
def name_them(reports, errors, points, present, scales, chances):
    filled = torch.where(present, points, torch.zeros(()).double())
    rows = table(filled, torch.ones_like(present), scales, chances)
    off = ((reports[:, None] - rows) / errors[:, None]).abs()
    return [KINDS[k] for k in off.argmin(-1).tolist()]

# %% wrong nearest_to_exact: the sum keeps the size best, so whose report is nearest to the exact posterior's variance pools the sum; widest is the maximum
def name_them(reports, errors, points, present, scales, chances):
    exact = 1 / (1 / scales[:, 0] ** 2 + present.double().sum(-1) / scales[:, 1] ** 2)
    ratio = (reports / exact).log().abs()
    names = [""] * 3
    for name, i in zip(("sum", "mean", "max"), ratio.argsort().tolist()):
        names[i] = name
    return names

# %% wrong scales_swapped: scales are read as sigma and tau; the statement has tau first
def name_them(reports, errors, points, present, scales, chances):
    rows = table(points, present, scales.flip(-1), chances)
    return best_assignment(((reports[:, None] - rows) / errors[:, None]) ** 2)

# %% wrong deviations_compared: reports are taken for standard deviations; they are variances
def name_them(reports, errors, points, present, scales, chances):
    rows = table(points, present, scales, chances).sqrt()
    return best_assignment(((reports[:, None] - rows) / errors[:, None]) ** 2)

# %% wrong largest_absolute: the maximum is taken for the largest absolute value; right for sets above zero
def name_them(reports, errors, points, present, scales, chances):
    n = torch.arange(1, 9, dtype=torch.float64)
    rows = []
    for x, t, s, p in zip(points, present, scales, chances):
        x, tau, sigma = x[t], float(s[0]), float(s[1])
        logs = log_densities(x, tau, sigma)
        logs[2] = log_densities(x.abs(), tau, sigma)[2]
        w = torch.softmax(logs + p.log(), -1)
        rows.append(1 / (w * (1 / tau**2 + n / sigma**2)).sum(-1))
    off = ((reports[:, None] - torch.stack(rows)) / errors[:, None]).abs()
    return [KINDS[k] for k in off.argmin(-1).tolist()]
