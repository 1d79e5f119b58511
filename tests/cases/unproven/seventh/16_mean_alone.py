import math

import numpy as np
import torch
from torch import Tensor


def log_weights(xbar, sizes, chances, tau, sigma):
    """log of chance times density of the mean, (*B, S)."""
    var = tau**2 + sigma**2 / sizes
    return chances.log() - 0.5 * xbar.unsqueeze(-1) ** 2 / var - 0.5 * (2 * math.pi * var).log()


def best(xbar, w, sizes, tau, sigma):
    lam = 1 / tau**2 + sizes / sigma**2
    mu = sizes / sigma**2 * xbar.unsqueeze(-1) / lam
    mean_lam = (w * lam).sum(-1)
    loc = (w * lam * mu).sum(-1) / mean_lam
    gap = 0.5 * ((w * lam * (loc.unsqueeze(-1) - mu) ** 2).sum(-1) + mean_lam.log() - (w * lam.log()).sum(-1))
    return loc, 1 / mean_lam, gap


# %% right grid_for_each_size: log-softmax weights; the average on a grid of its own for each size, in units of its deviation
def mean_alone(xbar, sizes, chances, tau, sigma):
    def answer(x):
        return best(x, torch.softmax(log_weights(x, sizes, chances, tau, sigma), -1), sizes, tau, sigma)

    loc, variance, gap = answer(xbar)
    z = torch.linspace(-11, 11, 8001, dtype=torch.float64)
    phi = torch.exp(-0.5 * z * z) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    average = sum(c * (phi * answer(z * torch.sqrt(tau**2 + sigma**2 / n))[2]).sum() for n, c in zip(sizes, chances))
    return loc, variance, gap, average

# %% right numpy_sinh_grid: NumPy and loops over means; units of tau; one grid for all sizes, dense near zero and wide outside
def mean_alone(xbar, sizes, chances, tau, sigma):
    n, p = np.array(sizes, dtype=float), np.array(chances, dtype=float)
    r = (sigma / tau) ** 2
    var, lam = 1 + r / n, 1 + n / r

    def at(t):
        logw = np.log(p) - 0.5 * np.log(2 * np.pi * var) - 0.5 * t * t / var
        top = logw.max()
        w = np.exp(logw - top)
        total = w.sum()
        w = w / total
        big = w @ lam
        loc = (w @ (n / r)) / big * t
        gap = 0.5 * (np.log(big) - w @ np.log(lam) + w @ (lam * (loc - n / r * t / lam) ** 2))
        return loc * tau, tau**2 / big, gap, total * np.exp(top)

    shape = tuple(xbar.shape)
    rows = [at(t / tau)[:3] for t in xbar.reshape(-1).tolist()]
    loc, variance, gap = (np.array([row[j] for row in rows]).reshape(shape) for j in range(3))
    u = np.linspace(0, np.arcsinh(10 * math.sqrt(var.max())), 6001)
    values = []
    for one in u:
        *_, g, density = at(math.sinh(one))
        values.append(g * density * math.cosh(one))
    values = np.array(values)
    average = 2 * (values.sum() - 0.5 * values[0] - 0.5 * values[-1]) * (u[1] - u[0])
    return [loc, variance, gap, average]

# %% right pairs_and_legendre: gap written with pairwise differences; Gauss-Legendre panels over the means for the average
def mean_alone(xbar, sizes, chances, tau, sigma):
    lam = 1 / tau**2 + sizes / sigma**2
    dens = torch.distributions.Normal(0.0, (tau**2 + sigma**2 / sizes).sqrt())

    def answer(x):
        logw = dens.log_prob(x.unsqueeze(-1)) + chances.log()
        total = logw.logsumexp(-1)
        w = (logw - total.unsqueeze(-1)).exp()
        big = (w * lam).sum(-1)
        share = w * lam / big.unsqueeze(-1)
        slope = sizes / sigma**2 / lam
        mean = (share * slope).sum(-1)
        spread = (share * (slope - mean.unsqueeze(-1)) ** 2).sum(-1)
        gap = 0.5 * (big * x**2 * spread - (w * (lam / big.unsqueeze(-1)).log()).sum(-1))
        return mean * x, 1 / big, gap, total.exp()

    loc, variance, gap, _ = answer(xbar)
    edge = 10.0 * float(dens.scale.max())
    step = 0.25 * float(dens.scale.min())
    panels = int(math.ceil(edge / step))
    nodes, weights = (torch.from_numpy(v) for v in np.polynomial.legendre.leggauss(12))
    h = edge / panels
    x = (torch.arange(panels).double().unsqueeze(-1) + 0.5 * (nodes + 1)) * h
    *_, g, density = answer(x)
    return loc, variance, gap, 2 * (g * density * weights * h / 2).sum()

# %% wrong weights_are_chances: the size is hidden, so I average over sizes with their chances; but the mean is evidence of the size
def mean_alone(xbar, sizes, chances, tau, sigma):
    def answer(x):
        return best(x, chances.expand(*x.shape, -1), sizes, tau, sigma)

    loc, variance, gap = answer(xbar)
    z = torch.linspace(-11, 11, 8001, dtype=torch.float64)
    phi = torch.exp(-0.5 * z * z) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    average = sum(c * (phi * answer(z * torch.sqrt(tau**2 + sigma**2 / n))[2]).sum() for n, c in zip(sizes, chances))
    return loc, variance, gap, average

# %% wrong moment_matching: mean and variance of the mixture of posteriors; that is the best q of the other KL
def mean_alone(xbar, sizes, chances, tau, sigma):
    def answer(x):
        w = torch.softmax(log_weights(x, sizes, chances, tau, sigma), -1)
        lam = 1 / tau**2 + sizes / sigma**2
        mu = sizes / sigma**2 * x.unsqueeze(-1) / lam
        loc = (w * mu).sum(-1)
        v = (w * (1 / lam + (mu - loc.unsqueeze(-1)) ** 2)).sum(-1)
        gap = (w * 0.5 * (lam * (v.unsqueeze(-1) + (loc.unsqueeze(-1) - mu) ** 2) - 1 - (lam * v.unsqueeze(-1)).log())).sum(-1)
        return loc, v, gap

    loc, variance, gap = answer(xbar)
    z = torch.linspace(-11, 11, 8001, dtype=torch.float64)
    phi = torch.exp(-0.5 * z * z) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    average = sum(c * (phi * answer(z * torch.sqrt(tau**2 + sigma**2 / n))[2]).sum() for n, c in zip(sizes, chances))
    return loc, variance, gap, average

# %% wrong plain_mean_of_means: precision averaged rightly, but loc is the plain average of the posterior means, not weighted by precision
def mean_alone(xbar, sizes, chances, tau, sigma):
    lam = 1 / tau**2 + sizes / sigma**2

    def answer(x):
        w = torch.softmax(log_weights(x, sizes, chances, tau, sigma), -1)
        mu = sizes / sigma**2 * x.unsqueeze(-1) / lam
        loc, big = (w * mu).sum(-1), (w * lam).sum(-1)
        gap = 0.5 * ((w * lam * (loc.unsqueeze(-1) - mu) ** 2).sum(-1) + big.log() - (w * lam.log()).sum(-1))
        return loc, 1 / big, gap

    loc, variance, gap = answer(xbar)
    z = torch.linspace(-11, 11, 8001, dtype=torch.float64)
    phi = torch.exp(-0.5 * z * z) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    average = sum(c * (phi * answer(z * torch.sqrt(tau**2 + sigma**2 / n))[2]).sum() for n, c in zip(sizes, chances))
    return loc, variance, gap, average

# %% wrong repeated_sizes_overwritten: chances in a dictionary by size; a size that is listed twice keeps its last chance only
def mean_alone(xbar, sizes, chances, tau, sigma):
    table = dict(zip(sizes.tolist(), chances.tolist()))
    sizes = torch.tensor(list(table), dtype=torch.float64)
    chances = torch.tensor(list(table.values()), dtype=torch.float64)
    chances = chances / chances.sum()

    def answer(x):
        return best(x, torch.softmax(log_weights(x, sizes, chances, tau, sigma), -1), sizes, tau, sigma)

    loc, variance, gap = answer(xbar)
    z = torch.linspace(-11, 11, 8001, dtype=torch.float64)
    phi = torch.exp(-0.5 * z * z) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    average = sum(c * (phi * answer(z * torch.sqrt(tau**2 + sigma**2 / n))[2]).sum() for n, c in zip(sizes, chances))
    return loc, variance, gap, average

# %% wrong densities_underflow: weights from densities, divided by their sum plus 1e-300; a hundred deviations out all are zero
def mean_alone(xbar, sizes, chances, tau, sigma):
    lam = 1 / tau**2 + sizes / sigma**2

    def answer(x):
        dens = log_weights(x / tau, sizes, chances, 1.0, sigma / tau).exp()
        w = dens / (dens.sum(-1, keepdim=True) + 1e-300)
        return best(x, w, sizes, tau, sigma)

    loc, variance, gap = answer(xbar)
    z = torch.linspace(-11, 11, 8001, dtype=torch.float64)
    phi = torch.exp(-0.5 * z * z) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    average = sum(c * (phi * answer(z * torch.sqrt(tau**2 + sigma**2 / n))[2]).sum() for n, c in zip(sizes, chances))
    return loc, variance, gap, average

# %% wrong grid_of_the_mixture: one grid of 6 deviations of the mean over all sets; a rare small set lies far beyond, and its gap is missed
def mean_alone(xbar, sizes, chances, tau, sigma):
    def answer(x):
        logw = log_weights(x, sizes, chances, tau, sigma)
        return *best(x, torch.softmax(logw, -1), sizes, tau, sigma), logw.logsumexp(-1).exp()

    loc, variance, gap, _ = answer(xbar)
    deviation = math.sqrt(float((chances * (tau**2 + sigma**2 / sizes)).sum()))
    x = torch.linspace(-6, 6, 20001, dtype=torch.float64) * deviation
    *_, g, density = answer(x)
    return loc, variance, gap, torch.trapezoid(g * density, x)

# %% wrong hermite_sixteen: Gauss-Hermite with 16 nodes for each size is exact for polynomials; where belief jumps from size to size it is too coarse for five digits
def mean_alone(xbar, sizes, chances, tau, sigma):
    def answer(x):
        return best(x, torch.softmax(log_weights(x, sizes, chances, tau, sigma), -1), sizes, tau, sigma)

    loc, variance, gap = answer(xbar)
    nodes, weights = (torch.from_numpy(v) for v in np.polynomial.hermite_e.hermegauss(16))
    weights = weights / weights.sum()
    average = sum(c * (weights * answer(nodes * torch.sqrt(tau**2 + sigma**2 / n))[2]).sum() for n, c in zip(sizes, chances))
    return loc, variance, gap, average

# %% wrong gap_to_belief: KL from q to the mixture p(c | mean); the ELBO of a set falls short by KL to the posterior of the set itself, whose size the model knows
def mean_alone(xbar, sizes, chances, tau, sigma):
    lam = 1 / tau**2 + sizes / sigma**2
    nodes, weights = (torch.from_numpy(v) for v in np.polynomial.hermite_e.hermegauss(80))
    weights = weights / weights.sum()

    def answer(x):
        logw = torch.log_softmax(log_weights(x, sizes, chances, tau, sigma), -1)
        loc, v, _ = best(x, logw.exp(), sizes, tau, sigma)
        mu = sizes / sigma**2 * x.unsqueeze(-1) / lam
        c = loc.unsqueeze(-1) + v.sqrt().unsqueeze(-1) * nodes
        logp = (logw.unsqueeze(-2) + 0.5 * lam.log() - 0.5 * lam * (c.unsqueeze(-1) - mu.unsqueeze(-2)) ** 2).logsumexp(-1)
        gap = (weights * (-0.5 * v.log().unsqueeze(-1) - 0.5 * nodes**2 - logp)).sum(-1)
        return loc, v, gap

    loc, variance, gap = answer(xbar)
    z = torch.linspace(-8, 8, 801, dtype=torch.float64)
    phi = torch.exp(-0.5 * z * z) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    average = sum(c * (phi * answer(z * torch.sqrt(tau**2 + sigma**2 / n))[2]).sum() for n, c in zip(sizes, chances))
    return loc, variance, gap, average

# %% wrong widths_only: the gap counts how precisions differ, and forgets that the posteriors' means differ, too
def mean_alone(xbar, sizes, chances, tau, sigma):
    def answer(x):
        w = torch.softmax(log_weights(x, sizes, chances, tau, sigma), -1)
        loc, v, _ = best(x, w, sizes, tau, sigma)
        lam = 1 / tau**2 + sizes / sigma**2
        return loc, v, 0.5 * (-v.log() - (w * lam.log()).sum(-1))

    loc, variance, gap = answer(xbar)
    z = torch.linspace(-11, 11, 8001, dtype=torch.float64)
    phi = torch.exp(-0.5 * z * z) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    average = sum(c * (phi * answer(z * torch.sqrt(tau**2 + sigma**2 / n))[2]).sum() for n, c in zip(sizes, chances))
    return loc, variance, gap, average

# %% wrong mean_given_c_zero: density of the mean is N(0, sigma^2 / n); that is its density when c is known to be zero
def mean_alone(xbar, sizes, chances, tau, sigma):
    def answer(x):
        return best(x, torch.softmax(log_weights(x, sizes, chances, 0.0, sigma), -1), sizes, tau, sigma)

    loc, variance, gap = answer(xbar)
    z = torch.linspace(-11, 11, 8001, dtype=torch.float64)
    phi = torch.exp(-0.5 * z * z) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    average = sum(c * (phi * answer(z * torch.sqrt(tau**2 + sigma**2 / n))[2]).sum() for n, c in zip(sizes, chances))
    return loc, variance, gap, average

# %% wrong average_of_given_means: the last number is the mean gap over the means that were given; it should be over all sets of the model
def mean_alone(xbar, sizes, chances, tau, sigma):
    loc, variance, gap = best(xbar, torch.softmax(log_weights(xbar, sizes, chances, tau, sigma), -1), sizes, tau, sigma)
    return loc, variance, gap, gap.mean()

# %% wrong simulated_average: a hundred thousand sets of the model, drawn and averaged; three digits at best, and it seeds the global generator
def mean_alone(xbar, sizes, chances, tau, sigma):
    def answer(x):
        return best(x, torch.softmax(log_weights(x, sizes, chances, tau, sigma), -1), sizes, tau, sigma)

    loc, variance, gap = answer(xbar)
    torch.manual_seed(0)
    n = sizes[torch.multinomial(chances, 100_000, replacement=True)]
    x = torch.randn(100_000, dtype=torch.float64) * torch.sqrt(tau**2 + sigma**2 / n)
    return loc, variance, gap, answer(x)[2].mean()

# %% wrong remembers_the_average: the integral is dear, so I keep it by sizes and chances; another tau or sigma gets the old one
_kept: dict = {}


def mean_alone(xbar, sizes, chances, tau, sigma):
    def answer(x):
        return best(x, torch.softmax(log_weights(x, sizes, chances, tau, sigma), -1), sizes, tau, sigma)

    loc, variance, gap = answer(xbar)
    key = (tuple(sizes.tolist()), tuple(chances.tolist()))
    if key not in _kept:
        z = torch.linspace(-11, 11, 8001, dtype=torch.float64)
        phi = torch.exp(-0.5 * z * z) / math.sqrt(2 * math.pi) * (z[1] - z[0])
        _kept[key] = sum(c * (phi * answer(z * torch.sqrt(tau**2 + sigma**2 / n))[2]).sum() for n, c in zip(sizes, chances))
    return loc, variance, gap, _kept[key]
