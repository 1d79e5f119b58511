import math

import torch

D = torch.distributions


def on_grid(z, loc, scale, weights, means, scales):
    lp = D.MixtureSameFamily(D.Categorical(weights), D.Normal(means, scales)).log_prob(z)
    lq = D.Normal(loc, scale).log_prob(z)
    return lp, lq


def full_grid(loc, scale, means, scales):
    c, w = torch.cat([means, loc.reshape(1)]), torch.cat([scales, scale.reshape(1)])
    low, high = (c - 12 * w).min().item(), (c + 12 * w).max().item()
    return torch.linspace(
        low, high, int((high - low) / (w.min().item() / 6)) + 2, dtype=torch.float64
    )


# %% right numpy_floats: NumPy and two Python floats.
import numpy as np


def forward_and_reverse_kl(loc, scale, weights, means, scales):
    z = full_grid(loc, scale, means, scales)
    lp, lq = (v.numpy() for v in on_grid(z, loc, scale, weights, means, scales))
    h = float(z[1] - z[0])
    return float((np.exp(lp) * (lp - lq)).sum() * h), float((np.exp(lq) * (lq - lp)).sum() * h)


# %% right stacked: Both in one tensor.
def forward_and_reverse_kl(loc, scale, weights, means, scales):
    z = full_grid(loc, scale, means, scales)
    lp, lq = on_grid(z, loc, scale, weights, means, scales)
    return torch.stack(
        [torch.trapezoid(lp.exp() * (lp - lq), z), torch.trapezoid(lq.exp() * (lq - lp), z)]
    )


# %% wrong grid_of_q: The grid is spanned by q alone: a narrow q leaves p out.
def forward_and_reverse_kl(loc, scale, weights, means, scales):
    z = torch.linspace(
        (loc - 12 * scale).item(), (loc + 12 * scale).item(), 20001, dtype=torch.float64
    )
    lp, lq = on_grid(z, loc, scale, weights, means, scales)
    return torch.trapezoid(lp.exp() * (lp - lq), z), torch.trapezoid(lq.exp() * (lq - lp), z)


# %% wrong grid_of_p: The grid is spanned by p alone: a q far out is left out.
# not told: small number added inside the logarithm
def forward_and_reverse_kl(loc, scale, weights, means, scales):
    low, high = (means - 12 * scales).min().item(), (means + 12 * scales).max().item()
    z = torch.linspace(
        low,
        high,
        int((high - low) / (min(scales.min(), scale).item() / 6)) + 2,
        dtype=torch.float64,
    )
    lp, lq = on_grid(z, loc, scale, weights, means, scales)
    return torch.trapezoid(lp.exp() * (lp - lq), z), torch.trapezoid(lq.exp() * (lq - lp), z)


# %% wrong reverse_under_p: The reverse divergence is integrated under p.
# not told: small number added inside the logarithm
def forward_and_reverse_kl(loc, scale, weights, means, scales):
    z = full_grid(loc, scale, means, scales)
    lp, lq = on_grid(z, loc, scale, weights, means, scales)
    return torch.trapezoid(lp.exp() * (lp - lq), z), torch.trapezoid(lp.exp() * (lq - lp), z)


# %% wrong average_of_components: The average of the components' divergences: no grid at all.
# not told: the grid is too coarse
def forward_and_reverse_kl(loc, scale, weights, means, scales):
    q, parts = D.Normal(loc, scale), D.Normal(means, scales)
    forward, reverse = (
        D.kl_divergence(parts, q),
        D.kl_divergence(D.Normal(loc.expand(len(means)), scale.expand(len(means))), parts),
    )
    return (weights * forward).sum(), (weights * reverse).sum()
