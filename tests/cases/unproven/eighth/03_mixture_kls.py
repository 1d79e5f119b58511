import math

import torch
from torch import Tensor

# %% right union_of_grids: each Gaussian, q and the components, brings its own grid in units of its scale; they are sorted into one uneven grid for the trapezoid rule
def forward_and_reverse_kl(loc: Tensor, scale: Tensor, weights: Tensor, means: Tensor, scales: Tensor) -> tuple[Tensor, Tensor]:
    units = torch.linspace(-14, 14, 28_001, dtype=loc.dtype, device=loc.device)
    z = torch.cat([m + r * units for m, r in zip([*means, loc], [*scales, scale])]).sort().values

    def log_normal(m, r):
        return -0.5 * ((z - m) / r) ** 2 - r.log() - 0.5 * math.log(2 * math.pi)

    log_p = torch.full_like(z, -math.inf)
    for pi, m, r in zip(weights, means, scales):
        log_p = torch.logaddexp(log_p, pi.log() + log_normal(m, r))
    log_q = log_normal(loc, scale)
    return torch.trapezoid(log_p.exp() * (log_p - log_q), z), torch.trapezoid(log_q.exp() * (log_q - log_p), z)

# %% wrong four_deviations: the grid depends on the arguments, but reaches only four scales beyond each centre, "where there is nothing left"; there is 6e-5, times a log ratio
def forward_and_reverse_kl(loc: Tensor, scale: Tensor, weights: Tensor, means: Tensor, scales: Tensor) -> tuple[Tensor, Tensor]:
    centres, widths = torch.cat((means, loc.reshape(1))), torch.cat((scales, scale.reshape(1)))
    low, high = (centres - 4 * widths).min(), (centres + 4 * widths).max()
    count = min(int((high - low) / widths.min() * 20) + 2, 2_000_000)
    z = low + (high - low) * torch.linspace(0, 1, count, dtype=loc.dtype, device=loc.device)
    log_p = torch.logsumexp(torch.stack([
        pi.log() - 0.5 * ((z - m) / r) ** 2 - r.log() - 0.5 * math.log(2 * math.pi) for pi, m, r in zip(weights, means, scales)]), 0)
    log_q = -0.5 * ((z - loc) / scale) ** 2 - scale.log() - 0.5 * math.log(2 * math.pi)
    return torch.trapezoid(log_p.exp() * (log_p - log_q), z), torch.trapezoid(log_q.exp() * (log_q - log_p), z)

# %% wrong two_thousand_points: the grid reaches far enough for every argument, but always has 2,001 points, so a narrow component falls between them
def forward_and_reverse_kl(loc: Tensor, scale: Tensor, weights: Tensor, means: Tensor, scales: Tensor) -> tuple[Tensor, Tensor]:
    centres, widths = torch.cat((means, loc.reshape(1))), torch.cat((scales, scale.reshape(1)))
    low, high = (centres - 10 * widths).min(), (centres + 10 * widths).max()
    z = low + (high - low) * torch.linspace(0, 1, 2001, dtype=loc.dtype, device=loc.device)
    parts = weights.log() - 0.5 * ((z.unsqueeze(-1) - means) / scales) ** 2 - scales.log() - 0.5 * math.log(2 * math.pi)
    log_p = torch.logsumexp(parts, -1)
    log_q = -0.5 * ((z - loc) / scale) ** 2 - scale.log() - 0.5 * math.log(2 * math.pi)
    return torch.trapezoid(log_p.exp() * (log_p - log_q), z), torch.trapezoid(log_q.exp() * (log_q - log_p), z)

# %% wrong gauss_hermite: 100 Gauss-Hermite nodes for q and for each component; superb for smooth log densities, but the log density of a mixture has a sharp bump at a narrow component within a broad one
def forward_and_reverse_kl(loc: Tensor, scale: Tensor, weights: Tensor, means: Tensor, scales: Tensor) -> tuple[Tensor, Tensor]:
    import numpy as np

    nodes, mass = (torch.as_tensor(each, dtype=loc.dtype, device=loc.device) for each in np.polynomial.hermite_e.hermegauss(100))
    mass = mass / mass.sum()

    def log_q(z):
        return -0.5 * ((z - loc) / scale) ** 2 - scale.log() - 0.5 * math.log(2 * math.pi)

    def log_p(z):
        parts = weights.log() - 0.5 * ((z.unsqueeze(-1) - means) / scales) ** 2 - scales.log() - 0.5 * math.log(2 * math.pi)
        return torch.logsumexp(parts, -1)

    at_p = means.unsqueeze(-1) + scales.unsqueeze(-1) * nodes
    at_q = loc + scale * nodes
    return (weights.unsqueeze(-1) * mass * (log_p(at_p) - log_q(at_p))).sum(), (mass * (log_q(at_q) - log_p(at_q))).sum()

# %% wrong nothing_where_p_is_zero: points at which a density has been rounded to zero are left out as "0 log 0 = 0"; for q far in the tails of p that is the whole reverse divergence
def forward_and_reverse_kl(loc: Tensor, scale: Tensor, weights: Tensor, means: Tensor, scales: Tensor) -> tuple[Tensor, Tensor]:
    centres, widths = torch.cat((means, loc.reshape(1))), torch.cat((scales, scale.reshape(1)))
    low, high = (centres - 12 * widths).min(), (centres + 12 * widths).max()
    count = min(int((high - low) / widths.min() * 10) + 2, 2_000_000)
    z = low + (high - low) * torch.linspace(0, 1, count, dtype=loc.dtype, device=loc.device)
    p = torch.zeros_like(z)
    for pi, m, r in zip(weights, means, scales):
        p = p + pi * (-0.5 * ((z - m) / r) ** 2).exp() / (r * math.sqrt(2 * math.pi))
    q = (-0.5 * ((z - loc) / scale) ** 2).exp() / (scale * math.sqrt(2 * math.pi))
    both = (p > 0) & (q > 0)
    z_step, p, q = z[1] - z[0], p[both], q[both]
    return (p * (p / q).log()).sum() * z_step, (q * (q / p).log()).sum() * z_step
