# %% right cosine: A wave centred at m, both variances by formula.
import math

import torch


def score_wins(m, s):
    w = 6 / s
    path = w**2 / 2 * (1 - math.exp(-2 * 36))
    score = (1 + (1 - 4 * 36) * math.exp(-2 * 36)) / (2 * s**2)
    return (lambda z: torch.cos(w * (z - m))), torch.tensor([path, score])


# %% right quadrature: A steep step without a jump, and a fine trapezoid rule.
import torch


def score_wins(m, s):
    def f(z):
        return 0.5 * torch.tanh(40 * (z - m) / s)

    e = torch.linspace(-8, 8, 40001, dtype=torch.float64)
    weight = torch.exp(-0.5 * e**2)
    weight = weight / weight.sum()
    z = (m + s * e).requires_grad_()
    value = f(z)
    (slope,) = torch.autograd.grad(value.sum(), z)

    def var(g):
        mean = (weight * g).sum()
        return (weight * (g - mean) ** 2).sum()

    return f, torch.stack([var(slope), var(value.detach() * e / s)])


# %% right sine_not_centred: A sine that ignores where m is; the means are not zero, and are subtracted.
import math

import torch


def score_wins(m, s):
    t = 3.0
    w = t / s

    def f(z):
        return torch.sin(w * z)

    slope_mean = w * math.cos(w * m) * math.exp(-t**2 / 2)
    path = w**2 / 2 * (1 + math.cos(2 * w * m) * math.exp(-2 * t**2)) - slope_mean**2
    square = (1 - math.cos(2 * w * m) * (1 - 4 * t**2) * math.exp(-2 * t**2)) / (2 * s**2)
    return f, torch.tensor([path, square - slope_mean**2], dtype=torch.float64)


# %% right triangle_wave: A wave of straight lines: corners, and no jump.
import torch


def score_wins(m, s):
    period = s / 2

    def f(z):
        phase = (z - m) / period
        return (phase - torch.round(phase)).abs()

    e = torch.linspace(-9, 9, 90001, dtype=torch.float64)
    weight = torch.exp(-0.5 * e**2)
    weight = weight / weight.sum()
    g = f(m + s * e) * e / s
    score = (weight * g**2).sum() - (weight * g).sum() ** 2
    return f, torch.tensor([1 / period**2, score], dtype=torch.float64)


# %% wrong barely, from right cosine: The score function wins, but not by enough. Turn the same screw further.
# diagnosis: not_enough
#-     w = 6 / s
#-     path = w**2 / 2 * (1 - math.exp(-2 * 36))
#-     score = (1 + (1 - 4 * 36) * math.exp(-2 * 36)) / (2 * s**2)
#+     t = 1.5
#+     w = t / s
#+     path = w**2 / 2 * (1 - math.exp(-2 * t**2))
#+     score = (1 + (1 - 4 * t**2) * math.exp(-2 * t**2)) / (2 * s**2)


# %% wrong factor_half, from right cosine: A sine squared is one half on average.
# diagnosis: factor_half
import torch


def score_wins(m, s):
    w = 6 / s
    return (lambda z: torch.cos(w * (z - m))), torch.tensor([w**2, 1 / s**2])


# %% wrong flat, from right cosine: f is constant, or jumps from one constant to another.
# diagnosis: flat
import torch


def score_wins(m, s):
    return lambda z: 0 * z, torch.zeros(2)


# %% wrong quadratic, from right cosine: Here the pathwise gradient is the quieter one, as usual.
# diagnosis: not_winning
import torch


def score_wins(m, s):
    c, f0 = m - 1.0, m**2 / 2 - m
    return (lambda z: z**2 / 2 - z), torch.tensor([s**2, f0**2 / s**2 + 2 * c**2 + 15 / 4 * s**2 + 3 * f0])


# %% wrong score_scale, from right cosine: The score for m is eps / s: its square brings 1 / s squared.
# diagnosis: scale_missing
import torch


def score_wins(m, s):
    w = 6 / s
    return (lambda z: torch.cos(w * (z - m))), torch.tensor([w**2 / 2, 0.5])


# %% wrong slow_wave, from right cosine: Here the pathwise gradient is the quieter one, as usual.
# diagnosis: not_winning
#-     w = 6 / s
#-     path = w**2 / 2 * (1 - math.exp(-2 * 36))
#-     score = (1 + (1 - 4 * 36) * math.exp(-2 * 36)) / (2 * s**2)
#+     w = 0.3 / s
#+     path = w**2 / 2 * (1 - math.exp(-2 * 0.09))
#+     score = (1 + (1 - 4 * 0.09) * math.exp(-2 * 0.09)) / (2 * s**2)


# %% wrong square_wave, from right cosine: f is constant, or jumps from one constant to another.
# diagnosis: flat
import torch


def score_wins(m, s):
    return lambda z: torch.sign(torch.cos(8 * (z - m) / s)), torch.tensor([0.0, 1 / s**2])


# %% wrong standard_deviation, from right cosine: These are standard deviations; variances were asked for.
# diagnosis: standard_deviation
import torch


def score_wins(m, s):
    w = 6 / s
    return (lambda z: torch.cos(w * (z - m))), torch.tensor([w**2 / 2, 1 / (2 * s**2)]).sqrt()


# %% wrong step, from right cosine: f jumps. Where it does, its slope says nothing, so the pathwise gradient is not noisy but wrong: E f' is not the gradient of E f.
# diagnosis: jumps
import torch


def score_wins(m, s):
    return (lambda z: (z > m).to(z.dtype) + 0 * z), torch.tensor([0.0, 0.34 / s**2])


# %% wrong swapped, from right cosine: The two are exchanged: pathwise first, then the score function.
# diagnosis: order_swapped
import torch


def score_wins(m, s):
    w = 6 / s
    return (lambda z: torch.cos(w * (z - m))), torch.tensor([1 / (2 * s**2), w**2 / 2])


# %% wrong too_wild, from right cosine: f changes faster than our ruler can follow. A tenth of the frequency is plenty.
# diagnosis: too_wild
#-     w = 6 / s
#-     path = w**2 / 2 * (1 - math.exp(-2 * 36))
#-     score = (1 + (1 - 4 * 36) * math.exp(-2 * 36)) / (2 * s**2)
#-     return (lambda z: torch.cos(w * (z - m))), torch.tensor([path, score])
#+     width = 1e-4
#+     path = math.sqrt(math.pi) / (2 * width) / math.sqrt(2 * math.pi) / s**2
#+     score = math.sqrt(math.pi) / 2 * width**3 / math.sqrt(2 * math.pi) / s**2
#+     return (lambda z: torch.exp(-0.5 * ((z - m) / (s * width)) ** 2)), torch.tensor([path, score])
