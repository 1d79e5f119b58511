import math

import numpy as np
import torch
from torch import Tensor


def _log_normal(z, m, s):
    return -0.5 * ((z - m) / s) ** 2 - s.log() - 0.5 * math.log(2 * math.pi)


def _log_p(z, weights, means, scales):
    return torch.logsumexp(weights.log() + _log_normal(z.unsqueeze(-1), means, scales), -1)


def _grid(loc, scale, means, scales, reach=13.0, fraction=8.0):
    m, s = torch.cat([means, loc.reshape(1)]), torch.cat([scales, scale.reshape(1)])
    low, high, step = float((m - reach * s).min()), float((m + reach * s).max()), float(s.min()) / fraction
    n = min(int((high - low) / step) + 2, 20_000_000)
    z = torch.linspace(low, high, n, dtype=torch.float64)
    return z, float(z[1] - z[0])


def _both(z, h, loc, scale, weights, means, scales):
    forward = reverse = 0.0
    for part in z.split(200_000):
        lp, lq = _log_p(part, weights, means, scales), _log_normal(part, loc, scale)
        forward, reverse = forward + (lp.exp() * (lp - lq)).sum() * h, reverse + (lq.exp() * (lq - lp)).sum() * h
    return forward, reverse


# %% right one_fine_grid: a grid as fine as the narrowest and as wide as the widest
def forward_and_reverse_kl(loc: Tensor, scale: Tensor, weights: Tensor, means: Tensor,
                           scales: Tensor) -> tuple[Tensor, Tensor]:
    z, h = _grid(loc, scale, means, scales)
    return _both(z, h, loc, scale, weights, means, scales)


# %% right a_grid_for_each: one expectation for each component on its own grid, cut where another component is narrow
def forward_and_reverse_kl(loc: Tensor, scale: Tensor, weights: Tensor, means: Tensor,
                           scales: Tensor) -> tuple[Tensor, Tensor]:
    nodes, w = (torch.tensor(a) for a in np.polynomial.legendre.leggauss(16))
    centres, widths = torch.cat([means, loc.reshape(1)]), torch.cat([scales, scale.reshape(1)])
    steps = torch.arange(-14, 14.25, 0.5, dtype=torch.float64)
    cuts = (centres.unsqueeze(-1) + widths.unsqueeze(-1) * steps).reshape(-1).unique()

    def expectation(m, s, f):
        inner = cuts[(cuts > m - 13 * s) & (cuts < m + 13 * s)]
        edges = torch.cat([(m - 13 * s).reshape(1), inner, (m + 13 * s).reshape(1)])
        a, b = edges[:-1].unsqueeze(-1), edges[1:].unsqueeze(-1)
        z = (a + b) / 2 + (b - a) / 2 * nodes
        return (_log_normal(z, m, s).exp() * f(z) * w * (b - a) / 2).sum()

    ratio = lambda z: _log_p(z, weights, means, scales) - _log_normal(z, loc, scale)
    forward = sum(c * expectation(m, s, ratio) for c, m, s in zip(weights, means, scales))
    return forward, -expectation(loc, scale, ratio)


# %% right floats_from_trapezoid: returns two floats, by NumPy's log-add-exp and the trapezoidal rule
def forward_and_reverse_kl(loc: Tensor, scale: Tensor, weights: Tensor, means: Tensor,
                           scales: Tensor) -> tuple[Tensor, Tensor]:
    z, _ = _grid(loc, scale, means, scales, 12.5, 7.0)
    z = z.numpy()
    normal = lambda m, s: -0.5 * ((z - float(m)) / float(s)) ** 2 - math.log(float(s)) - 0.5 * math.log(2 * math.pi)
    lp = np.full_like(z, -np.inf)
    for c, m, s in zip(weights, means, scales):
        lp = np.logaddexp(lp, math.log(float(c)) + normal(m, s))
    lq = normal(loc, scale)
    return float(np.trapezoid(np.exp(lp) * (lp - lq), z)), float(np.trapezoid(np.exp(lq) * (lq - lp), z))


# %% wrong tiny_inside_the_log: log(p + 1e-300)
def forward_and_reverse_kl(loc: Tensor, scale: Tensor, weights: Tensor, means: Tensor,
                           scales: Tensor) -> tuple[Tensor, Tensor]:
    z, h = _grid(loc, scale, means, scales)
    p, q = _log_p(z, weights, means, scales).exp(), _log_normal(z, loc, scale).exp()
    log_p, log_q = (p + 1e-300).log(), (q + 1e-300).log()
    return (p * (log_p - log_q)).sum() * h, (q * (log_q - log_p)).sum() * h


# %% wrong fixed_grid: 20,001 points from -30 to 30, whatever the problem
def forward_and_reverse_kl(loc: Tensor, scale: Tensor, weights: Tensor, means: Tensor,
                           scales: Tensor) -> tuple[Tensor, Tensor]:
    z = torch.linspace(-30, 30, 20_001, dtype=torch.float64)
    return _both(z, z[1] - z[0], loc, scale, weights, means, scales)


# %% wrong step_of_q: the step is a fraction of q's scale, however narrow a component is
def forward_and_reverse_kl(loc: Tensor, scale: Tensor, weights: Tensor, means: Tensor,
                           scales: Tensor) -> tuple[Tensor, Tensor]:
    low, high = (means - 13 * scales).min().minimum(loc - 13 * scale), (means + 13 * scales).max().maximum(loc + 13 * scale)
    z = torch.arange(float(low), float(high), float(scale) / 8, dtype=torch.float64)
    return _both(z, z[1] - z[0], loc, scale, weights, means, scales)


# %% wrong step_of_p: the step is a fraction of the smallest component's scale, however narrow q is
def forward_and_reverse_kl(loc: Tensor, scale: Tensor, weights: Tensor, means: Tensor,
                           scales: Tensor) -> tuple[Tensor, Tensor]:
    low, high = (means - 13 * scales).min().minimum(loc - 13 * scale), (means + 13 * scales).max().maximum(loc + 13 * scale)
    z = torch.arange(float(low), float(high), float(scales.min()) / 8, dtype=torch.float64)
    return _both(z, z[1] - z[0], loc, scale, weights, means, scales)


# %% wrong grid_around_p: the grid ends where p does, and misses a q far out
def forward_and_reverse_kl(loc: Tensor, scale: Tensor, weights: Tensor, means: Tensor,
                           scales: Tensor) -> tuple[Tensor, Tensor]:
    low, high = (means - 13 * scales).min(), (means + 13 * scales).max()
    n = int((high - low) / (min(float(scales.min()), float(scale)) / 8)) + 2
    z = torch.linspace(float(low), float(high), n, dtype=torch.float64)
    return _both(z, z[1] - z[0], loc, scale, weights, means, scales)


# %% wrong four_deviations: reaches four standard deviations beyond each
def forward_and_reverse_kl(loc: Tensor, scale: Tensor, weights: Tensor, means: Tensor,
                           scales: Tensor) -> tuple[Tensor, Tensor]:
    z, h = _grid(loc, scale, means, scales, reach=4.0, fraction=50.0)
    return _both(z, h, loc, scale, weights, means, scales)


# %% wrong equal_weights: all components count the same
def forward_and_reverse_kl(loc: Tensor, scale: Tensor, weights: Tensor, means: Tensor,
                           scales: Tensor) -> tuple[Tensor, Tensor]:
    z, h = _grid(loc, scale, means, scales)
    return _both(z, h, loc, scale, torch.full_like(weights, 1 / len(weights)), means, scales)


# %% wrong largest_component: the maximum over the components in place of logsumexp
def forward_and_reverse_kl(loc: Tensor, scale: Tensor, weights: Tensor, means: Tensor,
                           scales: Tensor) -> tuple[Tensor, Tensor]:
    z, h = _grid(loc, scale, means, scales)
    lq = _log_normal(z, loc, scale)
    lp = (weights.log() + _log_normal(z.unsqueeze(-1), means, scales)).amax(-1)
    return (lp.exp() * (lp - lq)).sum() * h, (lq.exp() * (lq - lp)).sum() * h


# %% wrong clamped_log_p: logarithms of p are clamped at -700
def forward_and_reverse_kl(loc: Tensor, scale: Tensor, weights: Tensor, means: Tensor,
                           scales: Tensor) -> tuple[Tensor, Tensor]:
    z, h = _grid(loc, scale, means, scales)
    lp, lq = _log_p(z, weights, means, scales).clamp(min=-700), _log_normal(z, loc, scale).clamp(min=-700)
    return (lp.exp() * (lp - lq)).sum() * h, (lq.exp() * (lq - lp)).sum() * h


# %% wrong component_by_component: the weighted mean of the components' divergences, an upper bound
def forward_and_reverse_kl(loc: Tensor, scale: Tensor, weights: Tensor, means: Tensor,
                           scales: Tensor) -> tuple[Tensor, Tensor]:
    z, h = _grid(loc, scale, means, scales)
    _, reverse = _both(z, h, loc, scale, weights, means, scales)
    closed = scale.log() - scales.log() + (scales**2 + (means - loc) ** 2) / (2 * scale**2) - 0.5
    return (weights * closed).sum(), reverse


# %% wrong moment_matched: the forward divergence from the Gaussian with the mean and variance of p
def forward_and_reverse_kl(loc: Tensor, scale: Tensor, weights: Tensor, means: Tensor,
                           scales: Tensor) -> tuple[Tensor, Tensor]:
    z, h = _grid(loc, scale, means, scales)
    _, reverse = _both(z, h, loc, scale, weights, means, scales)
    m = (weights * means).sum()
    v = (weights * (scales**2 + means**2)).sum() - m**2
    return scale.log() - v.log() / 2 + (v + (m - loc) ** 2) / (2 * scale**2) - 0.5, reverse


# %% wrong hermite: twenty Gauss-Hermite points of each Gaussian
def forward_and_reverse_kl(loc: Tensor, scale: Tensor, weights: Tensor, means: Tensor,
                           scales: Tensor) -> tuple[Tensor, Tensor]:
    x, w = np.polynomial.hermite_e.hermegauss(20)
    x, w = torch.tensor(x), torch.tensor(w / math.sqrt(2 * math.pi))
    ratio = lambda z: _log_p(z, weights, means, scales) - _log_normal(z, loc, scale)
    forward = sum(c * (w * ratio(m + s * x)).sum() for c, m, s in zip(weights, means, scales))
    return forward, -(w * ratio(loc + scale * x)).sum()
