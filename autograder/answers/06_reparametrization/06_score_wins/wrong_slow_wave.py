"""diagnosis: not_winning"""
import math

import torch


def score_wins(m, s):
    w = 0.3 / s
    path = w**2 / 2 * (1 - math.exp(-2 * 0.09))
    score = (1 + (1 - 4 * 0.09) * math.exp(-2 * 0.09)) / (2 * s**2)
    return (lambda z: torch.cos(w * (z - m))), torch.tensor([path, score])
