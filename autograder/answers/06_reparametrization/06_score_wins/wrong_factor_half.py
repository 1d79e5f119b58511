"""diagnosis: factor_half"""
import torch


def score_wins(m, s):
    w = 6 / s
    return (lambda z: torch.cos(w * (z - m))), torch.tensor([w**2, 1 / s**2])
