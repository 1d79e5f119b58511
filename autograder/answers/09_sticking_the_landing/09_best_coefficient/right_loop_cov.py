"""Idiom: torch.cov, a parameter at a time."""
import torch


def best_coefficient(path, score):
    found = []
    for a, b in zip(path.T, score.T):
        table = torch.cov(torch.stack([a, b]))
        found.append(-table[0, 1] / table[1, 1])
    return torch.stack(found)
