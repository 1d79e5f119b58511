"""diagnosis: not_winning"""
import torch


def score_wins(m, s):
    c, f0 = m - 1.0, m**2 / 2 - m
    return (lambda z: z**2 / 2 - z), torch.tensor([s**2, f0**2 / s**2 + 2 * c**2 + 15 / 4 * s**2 + 3 * f0])
