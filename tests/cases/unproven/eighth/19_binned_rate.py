import math

import torch

# %% right sum_of_excesses: both sums around the mean of q, so that nothing large cancels, and log masses from log_ndtr on the side where they are small
def binned_rate(x: float, loc: float, scale: float, slope: float, noise: float, width: float) -> tuple[float, float]:
    x, loc, scale, slope, noise, width = map(float, (x, loc, scale, slope, noise, width))
    reach = 40 * scale if scale < width else 14 * scale
    low, high = math.floor((loc - reach) / width) - 2, math.ceil((loc + reach) / width) + 2
    k = torch.arange(low, high + 1, dtype=torch.float64)
    middle = k * width

    def log_mass(centre: float, spread: float) -> torch.Tensor:
        mirror = torch.where(middle > centre, -1.0, 1.0)
        a, b = (mirror * (middle - centre + side * width / 2) / spread for side in (-1, 1))
        a, b = torch.minimum(a, b), torch.maximum(a, b)
        upper = torch.special.log_ndtr(b)
        return upper + torch.log(-torch.expm1(torch.special.log_ndtr(a) - upper))

    log_q = log_mass(loc, scale)
    q = log_q.exp()
    visited = q > 0
    off = middle - loc
    relative = math.fsum((q * (log_q - log_mass(0.0, 1.0)))[visited].tolist())
    relative -= 0.5 * (loc**2 + scale**2 - 1) - math.log(scale)
    first, second = math.fsum((q * off).tolist()), math.fsum((q * off**2).tolist())
    fit = (slope**2 * (second - scale**2) - 2 * slope * (x - slope * loc) * first) / (2 * noise**2)
    return relative + fit, width**2 / 24 * ((slope / noise) ** 2 - loc**2 - (scale - 1 / scale) ** 2)

# %% wrong density_times_width: pushes z with the prior's density in the middle times the width, which is the mass of narrow bins only
def binned_rate(x: float, loc: float, scale: float, slope: float, noise: float, width: float) -> tuple[float, float]:
    k = torch.arange(math.floor((loc - 14 * scale) / width) - 2, math.ceil((loc + 14 * scale) / width) + 3, dtype=torch.float64)
    z = k * width
    mirror = torch.where(z > loc, -1.0, 1.0)
    a, b = (mirror * (z - loc) - width / 2) / scale, (mirror * (z - loc) + width / 2) / scale
    top = torch.special.log_ndtr(b)
    log_q = top + torch.log(-torch.expm1(torch.special.log_ndtr(a) - top))
    log_p = -0.5 * z**2 - 0.5 * math.log(2 * math.pi) + math.log(width)
    q = log_q.exp()
    terms = q * (log_q - log_p + (x - slope * z) ** 2 / (2 * noise**2))
    continuous = 0.5 * (loc**2 + scale**2 - 1) - math.log(scale) + ((x - slope * loc) ** 2 + (slope * scale) ** 2) / (2 * noise**2)
    exact = float(terms[q > 0].sum()) - continuous
    return exact, width**2 / 24 * ((slope / noise) ** 2 - loc**2 - (scale - 1 / scale) ** 2)

# %% wrong at_the_posterior: puts the slope of log p(x | z) for that of log q/p into the second order, which is the same thing only if q is the posterior
def binned_rate(x: float, loc: float, scale: float, slope: float, noise: float, width: float) -> tuple[float, float]:
    k = torch.arange(math.floor((loc - 14 * scale) / width) - 2, math.ceil((loc + 14 * scale) / width) + 3, dtype=torch.float64)
    z = k * width

    def log_mass(m: float, s: float) -> torch.Tensor:
        mirror = torch.where(z > m, -1.0, 1.0)
        a, b = (mirror * (z - m) - width / 2) / s, (mirror * (z - m) + width / 2) / s
        top = torch.special.log_ndtr(b)
        return top + torch.log(-torch.expm1(torch.special.log_ndtr(a) - top))

    log_q = log_mass(loc, scale)
    q, u = log_q.exp(), z - loc
    kl = float((q * (log_q - log_mass(0.0, 1.0)))[q > 0].sum()) - 0.5 * (loc**2 + scale**2 - 1) + math.log(scale)
    fit = (slope**2 * (float(q @ u**2) - scale**2) - 2 * slope * (x - slope * loc) * float(q @ u)) / (2 * noise**2)
    squared = (slope / noise**2) ** 2 * ((x - slope * loc) ** 2 + (slope * scale) ** 2)
    return kl + fit, width**2 / 24 * ((slope / noise) ** 2 - squared)

# %% wrong bins_of_the_prior: sums over the bins within 25 of zero, where the prior and data are, though q may be thirty wide
def binned_rate(x: float, loc: float, scale: float, slope: float, noise: float, width: float) -> tuple[float, float]:
    count = math.ceil(25 / width)
    z = torch.arange(-count, count + 1, dtype=torch.float64) * width

    def log_mass(m: float, s: float) -> torch.Tensor:
        mirror = torch.where(z > m, -1.0, 1.0)
        a, b = (mirror * (z - m) - width / 2) / s, (mirror * (z - m) + width / 2) / s
        top = torch.special.log_ndtr(b)
        return top + torch.log(-torch.expm1(torch.special.log_ndtr(a) - top))

    log_q = log_mass(loc, scale)
    q, u = log_q.exp(), z - loc
    kl = float((q * (log_q - log_mass(0.0, 1.0)))[q > 0].sum()) - 0.5 * (loc**2 + scale**2 - 1) + math.log(scale)
    fit = (slope**2 * (float(q @ u**2) - scale**2) - 2 * slope * (x - slope * loc) * float(q @ u)) / (2 * noise**2)
    return kl + fit, width**2 / 24 * ((slope / noise) ** 2 - loc**2 - (scale - 1 / scale) ** 2)

# %% wrong edges_at_multiples: puts the edges of the bins at the multiples of h, and the middles halfway between
def binned_rate(x: float, loc: float, scale: float, slope: float, noise: float, width: float) -> tuple[float, float]:
    k = torch.arange(math.floor((loc - 14 * scale) / width) - 2, math.ceil((loc + 14 * scale) / width) + 3, dtype=torch.float64)
    z = (k + 0.5) * width

    def log_mass(m: float, s: float) -> torch.Tensor:
        mirror = torch.where(z > m, -1.0, 1.0)
        a, b = (mirror * (z - m) - width / 2) / s, (mirror * (z - m) + width / 2) / s
        top = torch.special.log_ndtr(b)
        return top + torch.log(-torch.expm1(torch.special.log_ndtr(a) - top))

    log_q = log_mass(loc, scale)
    q, u = log_q.exp(), z - loc
    kl = float((q * (log_q - log_mass(0.0, 1.0)))[q > 0].sum()) - 0.5 * (loc**2 + scale**2 - 1) + math.log(scale)
    fit = (slope**2 * (float(q @ u**2) - scale**2) - 2 * slope * (x - slope * loc) * float(q @ u)) / (2 * noise**2)
    return kl + fit, width**2 / 24 * ((slope / noise) ** 2 - loc**2 - (scale - 1 / scale) ** 2)
