import itertools
import math

import torch
from torch import Tensor

NAMES = ["biased", "noisy", "another target"]


def expected(m, s, slope, wave, place, height, width, smooth=None):
    """(name, parameter): the exact means of the three."""
    def phi(t):
        return math.exp(-0.5 * t * t) / math.sqrt(2 * math.pi)

    def Phi(t):
        return 0.5 * math.erfc(-t / math.sqrt(2))

    if smooth is None:
        damp = math.exp(-0.5 * (wave * s) ** 2)
        smooth = (slope + wave * math.cos(wave * m) * damp, -(wave * s) ** 2 * math.sin(wave * m) * damp)
    a, b = (place - m) / s, (place + width - m) / s
    jump = (height * phi(a) / s, height * phi(a) * a)
    ramp = (height / width * (Phi(b) - Phi(a)), height / width * s * (phi(a) - phi(b)))
    return torch.tensor([smooth, [u + v for u, v in zip(smooth, jump)], [u + v for u, v in zip(smooth, ramp)]], dtype=torch.float64)


def named(draws, means, centre=None):
    found = draws.mean(1) if centre is None else centre
    error = draws.std(1) / draws.shape[1] ** 0.5
    cost = (((found[:, None] - means) / error[:, None].clamp_min(1e-12)) ** 2).sum(-1)
    best = min(itertools.permutations(range(3)), key=lambda order: sum(float(cost[i, n]) for i, n in enumerate(order)))
    return [NAMES[n] for n in best]

# %% right normal_dist: closed forms from the standard library's NormalDist, and the likeliest order by normal log-densities of the six means
def name_them(draws: Tensor, loc: float, scale: float, level: float, slope: float, wave: float, place: float, height: float, width: float) -> list[str]:
    from statistics import NormalDist

    law, (m, s) = NormalDist(float(loc), float(scale)), (float(loc), float(scale))
    place, height, width, slope, wave = (float(v) for v in (place, height, width, slope, wave))
    damp = math.exp(-0.5 * (wave * s) ** 2)
    smooth = torch.tensor([slope + wave * math.cos(wave * m) * damp, -(wave * s) ** 2 * math.sin(wave * m) * damp], dtype=torch.float64)
    end = place + width
    jump = height * law.pdf(place) * torch.tensor([1.0, place - m], dtype=torch.float64)
    ramp = height / width * torch.tensor([law.cdf(end) - law.cdf(place), s**2 * (law.pdf(place) - law.pdf(end))], dtype=torch.float64)
    means = torch.stack([smooth, smooth + jump, smooth + ramp])
    found, error = draws.mean(1), draws.std(1) / math.sqrt(draws.shape[1])
    fits = torch.distributions.Normal(means, error[:, None].clamp_min(1e-12)).log_prob(found[:, None]).sum(-1)
    orders = list(itertools.permutations(range(3)))
    totals = torch.stack([fits[range(3), list(order)].sum() for order in orders])
    return [NAMES[n] for n in orders[int(totals.argmax())]]

# %% wrong fees_are_positive: writes the height of the jump as its size, and fees may be negative
def name_them(draws: Tensor, loc: float, scale: float, level: float, slope: float, wave: float, place: float, height: float, width: float) -> list[str]:
    return named(draws, expected(loc, scale, slope, wave, place, abs(height), width))

# %% wrong medians: compares medians with the exact means, to be robust against the heavy tails, and the draws are skewed
def name_them(draws: Tensor, loc: float, scale: float, level: float, slope: float, wave: float, place: float, height: float, width: float) -> list[str]:
    return named(draws, expected(loc, scale, slope, wave, place, height, width), draws.median(1).values)

# %% wrong autograd_through_a_rule: takes the score function's mean from a quadrature of f that torch differentiates in both parameters, which sees no jump either, so two of the three expected means are one
def name_them(draws: Tensor, loc: float, scale: float, level: float, slope: float, wave: float, place: float, height: float, width: float) -> list[str]:
    means = expected(loc, scale, slope, wave, place, height, width)
    at = torch.tensor([float(loc), math.log(scale)], dtype=torch.float64, requires_grad=True)
    points = torch.linspace(-8, 8, 4001, dtype=torch.float64)
    weights = torch.exp(-0.5 * points**2)
    z = at[0] + at[1].exp() * points
    f = level + slope * z + torch.sin(wave * z) + torch.where(z > place, float(height), 0.0)
    (means[1],) = torch.autograd.grad((weights * f).sum() / weights.sum(), at)
    return named(draws, means)

# %% wrong slope_at_the_mean: takes the smooth part's mean slope at m, as if q were narrow compared with a wave
def name_them(draws: Tensor, loc: float, scale: float, level: float, slope: float, wave: float, place: float, height: float, width: float) -> list[str]:
    smooth = (slope + wave * math.cos(wave * loc), -(wave * scale) ** 2 * math.sin(wave * loc))
    return named(draws, expected(loc, scale, slope, wave, place, height, width, smooth))
