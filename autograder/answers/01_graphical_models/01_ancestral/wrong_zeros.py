"""diagnosis: parents_as_zero"""
import torch


def ancestral_sample(parents, draw, n):
    values = {}
    for name in parents:
        values[name] = draw[name](n, *[values.get(parent, torch.zeros(n, dtype=torch.float64)) for parent in parents[name]])
    return values
