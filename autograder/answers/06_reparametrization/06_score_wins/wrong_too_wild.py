"""diagnosis: too_wild"""
import math

import torch


def score_wins(m, s):
    width = 1e-4
    path = math.sqrt(math.pi) / (2 * width) / math.sqrt(2 * math.pi) / s**2
    score = math.sqrt(math.pi) / 2 * width**3 / math.sqrt(2 * math.pi) / s**2
    return (lambda z: torch.exp(-0.5 * ((z - m) / (s * width)) ** 2)), torch.tensor([path, score])
