"""diagnosis: flat"""
import torch


def score_wins(m, s):
    return lambda z: 0 * z, torch.zeros(2)
