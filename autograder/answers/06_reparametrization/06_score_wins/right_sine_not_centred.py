"""Idiom: a sine that ignores where m is; the means are not zero, and are subtracted."""
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
