import math

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Gamma


def _slope(a, g, h=None, scale=1e-4):
    """dg / d alpha at fixed F, by a central difference."""
    with torch.no_grad():
        h = scale * a if h is None else h
        F = torch.special.gammainc
        up, down = (a + h).expand_as(g), (a - h).expand_as(g)
        log_q = (a - 1) * g.log() - g - torch.lgamma(a)
        return -(F(up, g) - F(down, g)) / (2 * h) * (-log_q).exp()


_kept: dict = {}


# %% right pattern: plain slope, attached by a - a.detach()
def implicit_gamma(concentration: Tensor, rate: Tensor, g: Tensor) -> Tensor:
    slope = _slope(concentration.detach(), g)
    return (g + slope * (concentration - concentration.detach())) / rate


# %% right library_slope: a custom autograd function with torch's own derivative of a Gamma draw
def implicit_gamma(concentration: Tensor, rate: Tensor, g: Tensor) -> Tensor:
    class Attach(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            slope = torch._standard_gamma_grad(a.expand_as(g).contiguous(), g)
            ctx.save_for_backward(a, b, slope)
            return g / b

        @staticmethod
        def backward(ctx, up):
            a, b, slope = ctx.saved_tensors
            return (up * slope / b).sum(0), (-up * g / b**2).sum(0)

    return Attach.apply(concentration, rate)


# %% right scipy_sample_by_sample: SciPy's incomplete gamma, a four-point difference, a loop over the draws
def implicit_gamma(concentration: Tensor, rate: Tensor, g: Tensor) -> Tensor:
    from scipy.special import gammainc, gammaln

    a = concentration.detach().numpy()
    h = 1e-3 * a
    rows = []
    for g_k in g:
        v = g_k.numpy()
        dF = (8 * (gammainc(a + h, v) - gammainc(a - h, v)) - (gammainc(a + 2 * h, v) - gammainc(a - 2 * h, v))) / (12 * h)
        slope = torch.tensor(-dF / np.exp((a - 1) * np.log(v) - v - gammaln(a)))
        rows.append(g_k + slope * (concentration - concentration.detach()))
    return torch.stack(rows) / rate


# %% wrong slope_without_rate: the slope is not divided by the rate, right for rate one
def implicit_gamma(concentration: Tensor, rate: Tensor, g: Tensor) -> Tensor:
    slope = _slope(concentration.detach(), g)
    return g / rate + slope * (concentration - concentration.detach())


# %% wrong density_with_rate: the density is that of Gamma(alpha, rate) at g
def implicit_gamma(concentration: Tensor, rate: Tensor, g: Tensor) -> Tensor:
    a = concentration.detach()
    with torch.no_grad():
        slope = _slope(a, g) * (Gamma(a, 1.0).log_prob(g) - Gamma(a, rate).log_prob(g)).exp()
    return (g + slope * (concentration - a)) / rate


# %% wrong sign: the sign of the implicit gradient is lost
def implicit_gamma(concentration: Tensor, rate: Tensor, g: Tensor) -> Tensor:
    slope = _slope(concentration.detach(), g)
    return (g - slope * (concentration - concentration.detach())) / rate


# %% wrong proportional: g moves in proportion to alpha, dg/dalpha = g / alpha: right on average only
def implicit_gamma(concentration: Tensor, rate: Tensor, g: Tensor) -> Tensor:
    return (g * concentration / concentration.detach()) / rate


# %% wrong mean_slope: every draw gets the mean slope over the samples: right for sums over the samples
def implicit_gamma(concentration: Tensor, rate: Tensor, g: Tensor) -> Tensor:
    slope = _slope(concentration.detach(), g).mean(0, keepdim=True)
    return (g + slope * (concentration - concentration.detach())) / rate


# %% wrong absolute_step: an absolute step of 0.05, too coarse for a small concentration
def implicit_gamma(concentration: Tensor, rate: Tensor, g: Tensor) -> Tensor:
    a = concentration.detach()
    slope = _slope(a, g, h=torch.full_like(a, 0.05))
    return (g + slope * (concentration - a)) / rate


# %% wrong one_sided: a one-sided difference with a step of two per cent
def implicit_gamma(concentration: Tensor, rate: Tensor, g: Tensor) -> Tensor:
    a = concentration.detach()
    h = 0.02 * a
    F = torch.special.gammainc
    log_q = (a - 1) * g.log() - g - torch.lgamma(a)
    slope = -(F((a + h).expand_as(g), g) - F(a.expand_as(g), g)) / h * (-log_q).exp()
    return (g + slope * (concentration - a)) / rate


# %% wrong density_floor: 1e-2 is added to the density before dividing
def implicit_gamma(concentration: Tensor, rate: Tensor, g: Tensor) -> Tensor:
    a = concentration.detach()
    q = ((a - 1) * g.log() - g - torch.lgamma(a)).exp()
    slope = _slope(a, g) * q / (q + 1e-2)
    return (g + slope * (concentration - a)) / rate


# %% wrong draws_clamped: draws below 1e-3 are raised to it
def implicit_gamma(concentration: Tensor, rate: Tensor, g: Tensor) -> Tensor:
    a = concentration.detach()
    g = g.clamp(min=1e-3)
    return (g + _slope(a, g) * (concentration - a)) / rate


# %% wrong slope_clipped: slopes beyond 1.5 are clipped
def implicit_gamma(concentration: Tensor, rate: Tensor, g: Tensor) -> Tensor:
    a = concentration.detach()
    return (g + _slope(a, g).clamp(max=1.5) * (concentration - a)) / rate


# %% wrong rate_detached: the rate has no gradient
def implicit_gamma(concentration: Tensor, rate: Tensor, g: Tensor) -> Tensor:
    a = concentration.detach()
    return (g + _slope(a, g) * (concentration - a)) / rate.detach() + 0 * rate


# %% wrong marsaglia_tsang: the proposal of Marsaglia and Tsang at fixed normal noise, without the correction for rejection
def implicit_gamma(concentration: Tensor, rate: Tensor, g: Tensor) -> Tensor:
    a = concentration.detach()
    d0 = a - 1 / 3
    x = ((g / d0).clamp(min=1e-12) ** (1 / 3) - 1) * (9 * d0).clamp(min=1e-3).sqrt()
    d = concentration - 1 / 3
    moved = d * (1 + x / (9 * d).clamp(min=1e-3).sqrt()) ** 3
    return (g + (moved - moved.detach())) / rate


# %% wrong own_draws: draws its own Gamma variables and ignores g
def implicit_gamma(concentration: Tensor, rate: Tensor, g: Tensor) -> Tensor:
    return Gamma(concentration, rate).rsample((g.shape[0],))


# %% wrong normal_approximation: the standardised draw stays fixed: g = alpha + root alpha times a fixed number, right for a large alpha
def implicit_gamma(concentration: Tensor, rate: Tensor, g: Tensor) -> Tensor:
    a = concentration.detach()
    e = (g - a) / a.sqrt()
    moved = concentration + concentration.sqrt() * e
    return (g + (moved - moved.detach())) / rate


# %% wrong remembered_slope: slopes of the first call are kept for tensors of the same shape
def implicit_gamma(concentration: Tensor, rate: Tensor, g: Tensor) -> Tensor:
    a = concentration.detach()
    key = tuple(g.shape)
    if key not in _kept:
        _kept[key] = _slope(a, g)
    return (g + _kept[key] * (concentration - a)) / rate
