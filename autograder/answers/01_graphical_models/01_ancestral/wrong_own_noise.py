"""diagnosis: not_drawn"""
import torch


def ancestral_sample(parents, draw, n):
    values = {name: torch.randn(n, dtype=torch.float64) for name in parents if not parents[name]}
    while len(values) < len(parents):
        for name in parents:
            if name not in values and set(parents[name]) <= set(values):
                values[name] = draw[name](n, *[values[parent] for parent in parents[name]])
    return values
