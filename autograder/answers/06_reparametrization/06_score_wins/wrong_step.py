"""diagnosis: jumps"""
import torch


def score_wins(m, s):
    return (lambda z: (z > m).to(z.dtype) + 0 * z), torch.tensor([0.0, 0.34 / s**2])
