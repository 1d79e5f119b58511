"""diagnosis: flat"""
import torch


def score_wins(m, s):
    return lambda z: torch.sign(torch.cos(8 * (z - m) / s)), torch.tensor([0.0, 1 / s**2])
