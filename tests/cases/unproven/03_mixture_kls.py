import math
import torch
from torch import Tensor

def _logs(z, loc, scale, weights, means, scales):
    half = 0.5 * math.log(2 * math.pi)
    log_q = -0.5 * ((z - loc) / scale) ** 2 - scale.log() - half
    parts = weights.log() - 0.5 * ((z.unsqueeze(-1) - means) / scales) ** 2 - scales.log() - half
    return torch.logsumexp(parts, -1), log_q

def _integrate(z, log_p, log_q):
    step = z[1] - z[0]
    return ((log_p.exp() * (log_p - log_q)).sum() * step, (log_q.exp() * (log_q - log_p)).sum() * step)

def _grid(lo, hi, step):
    return torch.linspace(float(lo), float(hi), int((float(hi) - float(lo)) / float(step)) + 2, dtype=torch.float64)

# %% right panels: Gauss-Legendre panels between points that follow every scale, in numpy
import numpy as np
def forward_and_reverse_kl(loc, scale, weights, means, scales):
    centres = [float(loc), *means.tolist()]
    widths = [float(scale), *scales.tolist()]
    cuts = sorted({c + 0.5 * i * w for c, w in zip(centres, widths) for i in range(-28, 29)})
    nodes, w = np.polynomial.legendre.leggauss(12)
    cuts = np.array(cuts)
    mid, half = (cuts[1:] + cuts[:-1]) / 2, (cuts[1:] - cuts[:-1]) / 2
    z = torch.as_tensor((mid[:, None] + half[:, None] * nodes).ravel())
    weight = torch.as_tensor((half[:, None] * w).ravel())
    log_p, log_q = _logs(z, loc, scale, weights, means, scales)
    return (weight * log_p.exp() * (log_p - log_q)).sum(), (weight * log_q.exp() * (log_q - log_p)).sum()

# %% right own_grids: each expectation on grids of its own, component by component, with the cross entropy of p in closed form
def forward_and_reverse_kl(loc, scale, weights, means, scales):
    u = torch.linspace(-12, 12, 8001, dtype=torch.float64)
    phi = (-0.5 * u * u).exp() * (u[1] - u[0]) / math.sqrt(2 * math.pi)
    smallest = float(torch.minimum(scale, scales.min()))
    forward = reverse = torch.zeros((), dtype=torch.float64)
    def expect(m, s, f):
        n = int(24 * float(s) / smallest * 12) + 8001
        v = torch.linspace(-12, 12, n, dtype=torch.float64)
        w = (-0.5 * v * v).exp() * (v[1] - v[0]) / math.sqrt(2 * math.pi)
        return (w * f(m + s * v)).sum()
    for pi, m, s in zip(weights, means, scales):
        entropy_part = expect(m, s, lambda z: _logs(z, loc, scale, weights, means, scales)[0])
        cross = -0.5 * ((s**2 + (m - loc) ** 2) / scale**2) - scale.log() - 0.5 * math.log(2 * math.pi)
        forward = forward + pi * (entropy_part - cross)
    minus_entropy = -0.5 * math.log(2 * math.pi * math.e) - scale.log()
    reverse = minus_entropy - expect(loc, scale, lambda z: _logs(z, loc, scale, weights, means, scales)[0])
    return forward, reverse

# %% wrong grid_of_p: the grid reaches twelve standard deviations beyond the components of p, and ends there, also where q lies beyond
def forward_and_reverse_kl(loc, scale, weights, means, scales):
    step = torch.minimum(scale, scales.min()) / 8
    z = _grid((means - 12 * scales).min(), (means + 12 * scales).max(), step)
    return _integrate(z, *_logs(z, loc, scale, weights, means, scales))

# %% wrong step_of_means: the step follows the mean scale, not the smallest
def forward_and_reverse_kl(loc, scale, weights, means, scales):
    step = torch.cat([scales, scale.reshape(1)]).mean() / 8
    z = _grid(torch.minimum((means - 12 * scales).min(), loc - 12 * scale), torch.maximum((means + 12 * scales).max(), loc + 12 * scale), step)
    return _integrate(z, *_logs(z, loc, scale, weights, means, scales))

# %% wrong clamped_log_p: log p is kept above -700
def forward_and_reverse_kl(loc, scale, weights, means, scales):
    step = torch.minimum(scale, scales.min()) / 8
    z = _grid(torch.minimum((means - 12 * scales).min(), loc - 12 * scale), torch.maximum((means + 12 * scales).max(), loc + 12 * scale), step)
    log_p, log_q = _logs(z, loc, scale, weights, means, scales)
    return _integrate(z, log_p.clamp(min=-700), log_q.clamp(min=-700))

# %% wrong four_sigmas: the grid reaches four standard deviations, and densities are normalized on it
def forward_and_reverse_kl(loc, scale, weights, means, scales):
    step = torch.minimum(scale, scales.min()) / 8
    z = _grid(torch.minimum((means - 4 * scales).min(), loc - 4 * scale), torch.maximum((means + 4 * scales).max(), loc + 4 * scale), step)
    log_p, log_q = _logs(z, loc, scale, weights, means, scales)
    return _integrate(z, log_p - torch.logsumexp(log_p, 0) - (z[1] - z[0]).log(), log_q - torch.logsumexp(log_q, 0) - (z[1] - z[0]).log())

# %% wrong capped_points: never more than 4,001 points, too few for a narrow component on a wide grid
def forward_and_reverse_kl(loc, scale, weights, means, scales):
    lo = torch.minimum((means - 12 * scales).min(), loc - 12 * scale)
    hi = torch.maximum((means + 12 * scales).max(), loc + 12 * scale)
    z = torch.linspace(float(lo), float(hi), 4001, dtype=torch.float64)
    return _integrate(z, *_logs(z, loc, scale, weights, means, scales))

# %% wrong fixed_grid: a fine grid from -20 to 20 whatever the arguments
def forward_and_reverse_kl(loc, scale, weights, means, scales):
    z = torch.linspace(-20, 20, 100_001, dtype=torch.float64)
    return _integrate(z, *_logs(z, loc, scale, weights, means, scales))

# %% wrong matched_forward: the forward divergence is that of the Gaussian with the moments of p
def forward_and_reverse_kl(loc, scale, weights, means, scales):
    step = torch.minimum(scale, scales.min()) / 8
    z = _grid(torch.minimum((means - 12 * scales).min(), loc - 12 * scale), torch.maximum((means + 12 * scales).max(), loc + 12 * scale), step)
    reverse = _integrate(z, *_logs(z, loc, scale, weights, means, scales))[1]
    m = (weights * means).sum()
    v = (weights * (scales**2 + means**2)).sum() - m**2
    return 0.5 * ((v + (m - loc) ** 2) / scale**2 - 1 - (v / scale**2).log()), reverse

# %% wrong log_of_sum: log p is the logarithm of the mixture density plus 1e-300
def forward_and_reverse_kl(loc, scale, weights, means, scales):
    step = torch.minimum(scale, scales.min()) / 8
    z = _grid(torch.minimum((means - 12 * scales).min(), loc - 12 * scale), torch.maximum((means + 12 * scales).max(), loc + 12 * scale), step)
    log_p, log_q = _logs(z, loc, scale, weights, means, scales)
    return _integrate(z, (log_p.exp() + 1e-300).log(), log_q)

# %% wrong dominant_component: the logarithm of p is that of its largest component
def forward_and_reverse_kl(loc, scale, weights, means, scales):
    step = torch.minimum(scale, scales.min()) / 8
    z = _grid(torch.minimum((means - 12 * scales).min(), loc - 12 * scale), torch.maximum((means + 12 * scales).max(), loc + 12 * scale), step)
    log_p, log_q = _logs(z, loc, scale, weights, means, scales)
    top = (weights.log() - 0.5 * ((z.unsqueeze(-1) - means) / scales) ** 2 - scales.log() - 0.5 * math.log(2 * math.pi)).max(-1).values
    h = z[1] - z[0]
    return (log_p.exp() * (top - log_q)).sum() * h, (log_q.exp() * (log_q - top)).sum() * h

# %% wrong one_too_long: the step is the length over the number of points, not of intervals, a thousandth off
def forward_and_reverse_kl(loc, scale, weights, means, scales):
    lo = torch.minimum((means - 12 * scales).min(), loc - 12 * scale)
    hi = torch.maximum((means + 12 * scales).max(), loc + 12 * scale)
    z = _grid(lo, hi, torch.minimum(scale, scales.min()) / 8)
    log_p, log_q = _logs(z, loc, scale, weights, means, scales)
    h = (z[-1] - z[0]) / len(z)
    return (log_p.exp() * (log_p - log_q)).sum() * h, (log_q.exp() * (log_q - log_p)).sum() * h

# %% wrong uniform_weights: unequal weights are forgotten in the density that is integrated, not in its logarithm
def forward_and_reverse_kl(loc, scale, weights, means, scales):
    step = torch.minimum(scale, scales.min()) / 8
    z = _grid(torch.minimum((means - 12 * scales).min(), loc - 12 * scale), torch.maximum((means + 12 * scales).max(), loc + 12 * scale), step)
    log_p, log_q = _logs(z, loc, scale, weights, means, scales)
    flat, _ = _logs(z, loc, scale, torch.full_like(weights, 1 / len(weights)), means, scales)
    h = z[1] - z[0]
    return (flat.exp() * (log_p - log_q)).sum() * h, (log_q.exp() * (log_q - log_p)).sum() * h
