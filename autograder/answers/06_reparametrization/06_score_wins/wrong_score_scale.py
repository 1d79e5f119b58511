"""diagnosis: scale_missing"""
import torch


def score_wins(m, s):
    w = 6 / s
    return (lambda z: torch.cos(w * (z - m))), torch.tensor([w**2 / 2, 0.5])
