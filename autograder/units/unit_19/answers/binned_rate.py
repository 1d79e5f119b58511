# %% right masses: All bins at once, masses by logarithms of the normal distribution function.
import math

import torch


def binned_rate(x, loc, scale, slope, noise, width):
    reach = 12 * scale + width
    number = torch.arange(math.floor((loc - reach) / width), math.ceil((loc + reach) / width) + 1, dtype=torch.float64)
    middle = width * number

    def log_mass(mean, sd):
        low, high = (middle - width / 2 - mean) / sd, (middle + width / 2 - mean) / sd
        flip = low > 0
        low, high = torch.where(flip, -high, low), torch.where(flip, -low, high)
        top = torch.special.log_ndtr(high)
        return top + torch.log(-torch.expm1(torch.special.log_ndtr(low) - top))

    log_q, log_p = log_mass(loc, scale), log_mass(0.0, 1.0)
    log_x = -0.5 * ((x - slope * middle) / noise) ** 2 - math.log(noise) - 0.5 * math.log(2 * math.pi)
    mass = log_q.exp()
    kept = mass > 0
    rate = (mass * (log_q - log_p - log_x))[kept].sum()
    fit = ((x - slope * loc) ** 2 + slope**2 * scale**2) / (2 * noise**2) + math.log(noise) + 0.5 * math.log(2 * math.pi)
    kl = 0.5 * (scale**2 + loc**2 - 1) - math.log(scale)
    second = width**2 / 24 * ((slope / noise) ** 2 - loc**2 - (scale - 1 / scale) ** 2)
    return rate - fit - kl, second


# %% right loop: Bin by bin, in NumPy, both sides of the mean of q; the mean of the square by Gauss-Hermite.
import math

import numpy as np
from scipy.special import log_ndtr


def log_between(low, high):
    if low > 0:
        low, high = -high, -low
    top = log_ndtr(high)
    return top + math.log(-math.expm1(log_ndtr(low) - top))


def binned_rate(x, loc, scale, slope, noise, width):
    first = math.floor((loc - 11 * scale) / width) - 1
    last = math.ceil((loc + 11 * scale) / width) + 1
    apart = spread = 0.0
    for number in range(first, last + 1):
        z = number * width
        low, high = z - width / 2, z + width / 2
        log_q = log_between((low - loc) / scale, (high - loc) / scale)
        if log_q < -700:
            continue
        mass = math.exp(log_q)
        apart += mass * (log_q - log_between(low, high))
        spread += mass * (x - slope * z) ** 2
    apart -= 0.5 * (scale**2 + loc**2 - 1) - math.log(scale)
    spread -= (x - slope * loc) ** 2 + slope**2 * scale**2
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    z = loc + scale * nodes
    pull = z - (z - loc) / scale**2
    mean = weights @ pull**2 / weights.sum()
    return np.array([apart + spread / (2 * noise**2), width**2 / 24 * (slope**2 / noise**2 - mean)])


# %% right distributions: With PyTorch's own distributions for the densities, and differentiation for the second order.
import torch
from torch.distributions import Normal, kl_divergence


def binned_rate(x, loc, scale, slope, noise, width):
    x, loc, scale, slope, noise, width = (torch.tensor(v, dtype=torch.float64) for v in (x, loc, scale, slope, noise, width))
    q, p = Normal(loc, scale), Normal(torch.zeros_like(loc), torch.ones_like(loc))
    count = int(12 * scale / width) + 2
    z = (torch.round(loc / width) + torch.arange(-count, count + 1)) * width

    def log_mass(d):
        low, high = (z - width / 2 - d.loc) / d.scale, (z + width / 2 - d.loc) / d.scale
        a, b = torch.minimum(low.abs(), high.abs()), torch.maximum(low.abs(), high.abs())
        beside = low * high > 0
        small, large = torch.special.log_ndtr(-b), torch.special.log_ndtr(-a)
        tail = large + torch.log1p(-(small - large).exp())
        middle = torch.log1p(-(torch.special.ndtr(-a) + torch.special.ndtr(-b)))
        return torch.where(beside, tail, middle)

    log_q = log_mass(q)
    here = log_q > -700
    bits = log_q - log_mass(p) - Normal(slope * z, noise).log_prob(x)
    rate = (log_q.exp() * bits)[here].sum()
    density = kl_divergence(q, p) - Normal(slope * loc, noise).log_prob(x) + (slope * scale / noise) ** 2 / 2
    at = torch.stack([loc - scale, loc + scale]).requires_grad_()
    ratio, = torch.autograd.grad((q.log_prob(at) - p.log_prob(at)).sum(), at)
    bend = -torch.func.grad(torch.func.grad(lambda t: Normal(slope * t, noise).log_prob(x)))(loc)
    return torch.stack([rate - density, width**2 / 24 * (bend - ratio.square().mean())])


# %% wrong whole_rate, from right masses: The rate itself.
# diagnosis: rate_itself
#-     return rate - fit - kl, second
#+     return rate, second


# %% wrong edges_at_multiples, from right masses: The edges are multiples of the width.
# diagnosis: edges_at_multiples
#-     middle = width * number
#+     middle = width * (number + 0.5)


# %% wrong lower_edge, from right masses: Decoded at the lower edge.
# diagnosis: decoded_at_edge
#-     log_x = -0.5 * ((x - slope * middle) / noise) ** 2 - math.log(noise) - 0.5 * math.log(2 * math.pi)
#+     log_x = -0.5 * ((x - slope * (middle - width / 2)) / noise) ** 2 - math.log(noise) - 0.5 * math.log(2 * math.pi)


# %% wrong density_for_mass, from right masses: The prior's density times the width.
# diagnosis: density_of_p
#-     log_q, log_p = log_mass(loc, scale), log_mass(0.0, 1.0)
#+     log_q, log_p = log_mass(loc, scale), math.log(width) - 0.5 * middle**2 - 0.5 * math.log(2 * math.pi)


# %% wrong both_densities, from right masses: Both densities times the width.
# diagnosis: densities
#-     rate = (mass * (log_q - log_p - log_x))[kept].sum()
#+     ratio = -0.5 * ((middle - loc) / scale) ** 2 - math.log(scale) + 0.5 * middle**2
#+     rate = (mass * (ratio - log_x))[kept].sum()


# %% wrong first_for_exact, from right masses: The second order for both.
# diagnosis: second_order_twice
#-     return rate - fit - kl, second
#+     return second, second


# %% wrong blur_only, from right masses: The blur of the likelihood, and nothing of the masses.
# diagnosis: likelihood_alone
#-     second = width**2 / 24 * ((slope / noise) ** 2 - loc**2 - (scale - 1 / scale) ** 2)
#+     second = width**2 / 24 * (slope / noise) ** 2


# %% wrong all_costs, from right masses: Both parts are taken to cost.
# diagnosis: likelihood_kept_sharp
#-     second = width**2 / 24 * ((slope / noise) ** 2 - loc**2 - (scale - 1 / scale) ** 2)
#+     second = width**2 / 24 * ((slope / noise) ** 2 + loc**2 + (scale - 1 / scale) ** 2)


# %% wrong twelfth, from right masses: The half of the Taylor term is lost.
# diagnosis: twelfth
#-     second = width**2 / 24 * ((slope / noise) ** 2 - loc**2 - (scale - 1 / scale) ** 2)
#+     second = width**2 / 12 * ((slope / noise) ** 2 - loc**2 - (scale - 1 / scale) ** 2)


# %% wrong square_of_mean, from right loop: The square of the mean, not the mean of the square.
# diagnosis: slope_at_the_mean
#-     mean = weights @ pull**2 / weights.sum()
#+     mean = (weights @ pull / weights.sum()) ** 2


# %% wrong no_prior, from right loop: The slope of log q alone.
# diagnosis: prior_forgotten
#-     pull = z - (z - loc) / scale**2
#+     pull = -(z - loc) / scale**2


# %% wrong plain_cdf, from right loop: Differences of the distribution function, with a floor under the logarithm.
# diagnosis: described or value
#-     top = log_ndtr(high)
#-     return top + math.log(-math.expm1(log_ndtr(low) - top))
#+     from scipy.special import ndtr
#+     return math.log(max(ndtr(high) - ndtr(low), 1e-30))


# %% wrong short_reach, from right loop: Bins up to four standard deviations.
# diagnosis: described or value
#-     first = math.floor((loc - 11 * scale) / width) - 1
#-     last = math.ceil((loc + 11 * scale) / width) + 1
#+     first = math.ceil((loc - 4 * scale) / width)
#+     last = math.floor((loc + 4 * scale) / width)


# %% wrong posterior_only, from right masses: The formula that holds where q is the posterior.
# diagnosis: described or value
#-     second = width**2 / 24 * ((slope / noise) ** 2 - loc**2 - (scale - 1 / scale) ** 2)
#+     u = slope**2 + noise**2
#+     second = width**2 / 24 * slope**2 * (1 / u - x**2 / u**2)
