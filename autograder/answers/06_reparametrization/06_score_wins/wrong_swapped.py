"""diagnosis: order_swapped"""
import torch


def score_wins(m, s):
    w = 6 / s
    return (lambda z: torch.cos(w * (z - m))), torch.tensor([1 / (2 * s**2), w**2 / 2])
