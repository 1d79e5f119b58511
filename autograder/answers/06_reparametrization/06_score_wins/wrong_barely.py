"""diagnosis: not_enough"""
import math

import torch


def score_wins(m, s):
    t = 1.5
    w = t / s
    path = w**2 / 2 * (1 - math.exp(-2 * t**2))
    score = (1 + (1 - 4 * t**2) * math.exp(-2 * t**2)) / (2 * s**2)
    return (lambda z: torch.cos(w * (z - m))), torch.tensor([path, score])
