import math

import torch
from torch import Tensor


def log_density(loc: Tensor, log_scale: Tensor, z: Tensor) -> Tensor:
    """The log-density of the aggregate, (M)."""
    t = (z[:, None] - loc) * (-log_scale).exp()
    return (-0.5 * t**2 - log_scale - 0.5 * math.log(2 * math.pi)).logsumexp(1) - math.log(len(loc))


def normal_score(loc: Tensor, log_scale: Tensor, z: Tensor) -> Tensor:
    """The place u of the standard normal with as much below it as the aggregate has below z."""
    t = (z[:, None] - loc) * (-log_scale).exp()
    low = torch.special.log_ndtr(t).logsumexp(1) - math.log(len(loc))
    high = torch.special.log_ndtr(-t).logsumexp(1) - math.log(len(loc))
    small = torch.minimum(low, high)
    u = torch.special.ndtri(small.exp())
    for _ in range(4):                                                      # Newton, in logarithms
        log_cdf = torch.special.log_ndtr(u)
        u = u - (log_cdf - small) * (log_cdf + 0.5 * u**2 + 0.5 * math.log(2 * math.pi)).exp()
    return torch.where(low < high, u, -u)

# %% wrong floor_under_the_density: a small number is added to the aggregate's density before its logarithm is taken, so that gaps do no harm; in gaps and tails the density is smaller than that number, and the slope is the number's
def best_flow(loc: Tensor, log_scale: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    u = normal_score(loc, log_scale, z)
    log_f = (log_density(loc, log_scale, z).exp() + 1e-12).log()
    return u, log_f + 0.5 * u**2 + 0.5 * math.log(2 * math.pi)

# %% wrong table: T is read from a table of 4,000 places between the outermost posteriors, by straight lines, and its slope from the same table; narrow posteriors in a wide range fall between the places
def best_flow(loc: Tensor, log_scale: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    scale = log_scale.exp()
    places = torch.linspace(float((loc - 9 * scale).min()), float((loc + 9 * scale).max()), 4000, dtype=z.dtype)
    u = normal_score(loc, log_scale, places)
    right = torch.searchsorted(places, z.contiguous()).clamp(1, len(places) - 1)
    step = places[right] - places[right - 1]
    slope = (u[right] - u[right - 1]) / step
    return u[right - 1] + slope * (z - places[right - 1]), slope.clamp(min=1e-300).log()

# %% wrong mean_of_flows: each posterior has its own flow to the base, (z - loc) / scale, and the best common one is taken to be their mean; that fits one posterior exactly, and the aggregate of several not at all
def best_flow(loc: Tensor, log_scale: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    slopes = (-log_scale).exp()
    return ((z[:, None] - loc) * slopes).mean(1), slopes.mean().log().expand_as(z).clone()
