"""Idiom: a wave centred at m, both variances by formula."""
import math

import torch


def score_wins(m, s):
    w = 6 / s
    path = w**2 / 2 * (1 - math.exp(-2 * 36))
    score = (1 + (1 - 4 * 36) * math.exp(-2 * 36)) / (2 * s**2)
    return (lambda z: torch.cos(w * (z - m))), torch.tensor([path, score])
