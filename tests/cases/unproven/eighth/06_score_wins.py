import math

import torch
from torch import Tensor


def measured(f, m, s, points, weights):
    """Both variances of the one-sample gradient in m, by a rule."""
    z = (m + s * points).requires_grad_()
    value = f(z)
    (slope,) = torch.autograd.grad(value.sum(), z)
    score = value.detach() * points / s
    return torch.stack([(weights * g**2).sum() - (weights * g).sum() ** 2 for g in (slope, score)])


def even_grid(end, count):
    points = torch.linspace(-end, end, count, dtype=torch.float64)
    weights = torch.exp(-0.5 * points**2)
    return points, weights / weights.sum()

# %% right imaginary_part: two waves of different frequency on a slope, written as imaginary parts of complex exponentials; predicted on a grid with a hundred points to a wave
def score_wins(m: float, s: float) -> tuple:
    fast, slow = 11.0 / s, 7.0 / s

    def f(z: Tensor) -> Tensor:
        away = z - m
        waves = torch.polar(torch.ones_like(away), fast * away) + torch.polar(torch.ones_like(away), slow * away)
        return away + s * waves.imag

    return f, measured(f, m, s, *even_grid(9.0, 20_001))

# %% wrong a_frequency_of_its_own: the wave has the same frequency whatever s is, so for a narrow q it does not turn within one standard deviation; fine for s of one half and more
def score_wins(m: float, s: float) -> tuple:
    def f(z: Tensor) -> Tensor:
        return 0.5 * (z - m) / s + torch.sin(6.0 * (z - m))

    return f, measured(f, m, s, *even_grid(9.0, 20_001))

# %% wrong a_slope_through_the_origin: the slope is 0.5 z and not 0.5 (z - m), which changes no gradient, and makes the values large wherever m is far from zero
def score_wins(m: float, s: float) -> tuple:
    def f(z: Tensor) -> Tensor:
        return 0.5 * z / s + torch.sin(10.0 * (z - m) / s)

    return f, measured(f, m, s, *even_grid(9.0, 20_001))

# %% wrong a_grid_that_hits_the_zeros: the target is fine, and the prediction comes from sixty points whose spacing is half a wave: it meets the sine in its zeros only
def score_wins(m: float, s: float) -> tuple:
    def f(z: Tensor) -> Tensor:
        return 0.5 * (z - m) / s + torch.sin(5 * math.pi * (z - m) / s)

    return f, measured(f, m, s, *even_grid(6.0, 61))

# %% wrong all_dies_out: says that at a high frequency every mean of a wave vanishes, and uses the short formulas at a frequency of three, where they are a fifth off
def score_wins(m: float, s: float) -> tuple:
    slope, height, turns = 0.5, 1.0, 3.0

    def f(z: Tensor) -> Tensor:
        return slope * (z - m) / s + height * torch.sin(turns * (z - m) / s)

    path, score = (height * turns / s) ** 2 / 2, 2 * (slope / s) ** 2 + (height / s) ** 2 / 2
    return f, torch.tensor([path, score], dtype=torch.float64)
