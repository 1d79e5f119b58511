import math

import torch
from torch import Tensor

# %% right each_size_on_its_own_line: torch.distributions for the evidence about the size, and the average as a mixture of integrals over standardized means
def mean_alone(xbar: Tensor, sizes: Tensor, chances: Tensor, tau: float, sigma: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    n, chances = sizes.double(), chances.double() / chances.double().sum()
    precision = 1 + n * (tau / sigma) ** 2
    scales = (1 + (sigma / tau) ** 2 / n).sqrt()
    of_size = torch.distributions.Normal(torch.zeros_like(scales), scales, validate_args=False)

    def best(u: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        believed = (of_size.log_prob(u.unsqueeze(-1)) + chances.log()).softmax(-1)
        total = torch.einsum("...s,s->...", believed, precision)
        means = u.unsqueeze(-1) * (1 - 1 / precision)
        loc = torch.einsum("...s,s,...s->...", believed, precision, means) / total
        apart = torch.einsum("...s,s,...s->...", believed, precision, (means - loc.unsqueeze(-1)).square())
        ratio = torch.einsum("...s,...s->...", believed, (precision / total.unsqueeze(-1)).log())
        return loc, 1 / total, 0.5 * (apart - ratio)

    loc, variance, gap = best(xbar.double() / tau)
    t = torch.arange(-1300, 1301, dtype=torch.float64) / 100
    weight = torch.exp(-0.5 * t**2)
    gaps = best(torch.outer(scales, t))[2]
    average = torch.einsum("s,t,st->", chances, weight / weight.sum(), gaps)
    return loc * tau, variance * tau**2, gap, average

# %% wrong dictionary_of_sizes: keeps the chances in a dictionary by size, so of a size that is listed twice only the last chance counts
def mean_alone(xbar: Tensor, sizes: Tensor, chances: Tensor, tau: float, sigma: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    table = dict(zip(sizes.tolist(), chances.tolist(), strict=True))
    n, p = (torch.tensor(list(part), dtype=torch.float64) for part in (table.keys(), table.values()))
    s = (tau**2 + sigma**2 / n).sqrt()
    lam = 1 / tau**2 + n / sigma**2

    def at(x: Tensor) -> tuple[Tensor, ...]:
        joint = -0.5 * (x.unsqueeze(-1) / s) ** 2 - s.log() - 0.5 * math.log(2 * math.pi) + p.log()
        w = joint.softmax(-1)
        m = x.unsqueeze(-1) * n / sigma**2 / lam
        total = (w * lam).sum(-1)
        loc = (w * lam * m).sum(-1) / total
        gap = 0.5 * ((w * lam * (m - loc.unsqueeze(-1)) ** 2).sum(-1) + total.log() - (w * lam.log()).sum(-1))
        return loc, 1 / total, gap, joint.logsumexp(-1).exp()

    grid = torch.linspace(-12, 12, 40001, dtype=torch.float64) * s.max()
    _, _, gaps, density = at(grid)
    return *at(xbar)[:3], (gaps * density).sum() / density.sum()

# %% wrong floor_on_densities: keeps 0 / 0 away by adding a tiny number to the densities of the mean, which takes over where means lie forty standard deviations out
def mean_alone(xbar: Tensor, sizes: Tensor, chances: Tensor, tau: float, sigma: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    s = (tau**2 + sigma**2 / sizes).sqrt()
    lam = 1 / tau**2 + sizes / sigma**2

    def at(x: Tensor) -> tuple[Tensor, ...]:
        joint = chances * ((-0.5 * (x.unsqueeze(-1) / s) ** 2).exp() / s / math.sqrt(2 * math.pi) + 1e-300)
        w = joint / joint.sum(-1, keepdim=True)
        m = x.unsqueeze(-1) * sizes / sigma**2 / lam
        total = (w * lam).sum(-1)
        loc = (w * lam * m).sum(-1) / total
        gap = 0.5 * ((w * lam * (m - loc.unsqueeze(-1)) ** 2).sum(-1) + total.log() - (w * lam.log()).sum(-1))
        return loc, 1 / total, gap, joint.sum(-1)

    grid = torch.linspace(-12, 12, 40001, dtype=torch.float64) * s.max()
    _, _, gaps, density = at(grid)
    return *at(xbar)[:3], (gaps * density).sum() / density.sum()

# %% wrong grid_in_units: integrates the average over means from -60 to 60 in steps of a hundredth, whatever the unit of the data is
def mean_alone(xbar: Tensor, sizes: Tensor, chances: Tensor, tau: float, sigma: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    s = (tau**2 + sigma**2 / sizes).sqrt()
    lam = 1 / tau**2 + sizes / sigma**2

    def at(x: Tensor) -> tuple[Tensor, ...]:
        joint = -0.5 * (x.unsqueeze(-1) / s) ** 2 - s.log() - 0.5 * math.log(2 * math.pi) + chances.log()
        w = joint.softmax(-1)
        m = x.unsqueeze(-1) * sizes / sigma**2 / lam
        total = (w * lam).sum(-1)
        loc = (w * lam * m).sum(-1) / total
        gap = 0.5 * ((w * lam * (m - loc.unsqueeze(-1)) ** 2).sum(-1) + total.log() - (w * lam.log()).sum(-1))
        return loc, 1 / total, gap, joint.logsumexp(-1).exp()

    grid = torch.arange(-6000, 6001, dtype=torch.float64) / 100
    _, _, gaps, density = at(grid)
    return *at(xbar)[:3], torch.trapezoid(gaps * density, dx=0.01)

# %% wrong spread_added: makes q wider by how far the posterior means of the sizes lie apart, as for the variance of a mixture, on top of the harmonic mean
def mean_alone(xbar: Tensor, sizes: Tensor, chances: Tensor, tau: float, sigma: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    s = (tau**2 + sigma**2 / sizes).sqrt()
    lam = 1 / tau**2 + sizes / sigma**2

    def at(x: Tensor) -> tuple[Tensor, ...]:
        joint = -0.5 * (x.unsqueeze(-1) / s) ** 2 - s.log() - 0.5 * math.log(2 * math.pi) + chances.log()
        w = joint.softmax(-1)
        m = x.unsqueeze(-1) * sizes / sigma**2 / lam
        total = (w * lam).sum(-1)
        loc = (w * lam * m).sum(-1) / total
        off = (m - loc.unsqueeze(-1)) ** 2
        v = 1 / total + (w * off).sum(-1)
        gap = 0.5 * ((w * lam * off).sum(-1) + total * v - 1 - v.log() - (w * lam.log()).sum(-1))
        return loc, v, gap, joint.logsumexp(-1).exp()

    grid = torch.linspace(-12, 12, 40001, dtype=torch.float64) * s.max()
    _, _, gaps, density = at(grid)
    return *at(xbar)[:3], (gaps * density).sum() / density.sum()
