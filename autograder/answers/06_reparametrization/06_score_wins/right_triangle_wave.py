"""Idiom: a wave of straight lines: corners, and no jump."""
import torch


def score_wins(m, s):
    period = s / 2

    def f(z):
        phase = (z - m) / period
        return (phase - torch.round(phase)).abs()

    e = torch.linspace(-9, 9, 90001, dtype=torch.float64)
    weight = torch.exp(-0.5 * e**2)
    weight = weight / weight.sum()
    g = f(m + s * e) * e / s
    score = (weight * g**2).sum() - (weight * g).sum() ** 2
    return f, torch.tensor([1 / period**2, score], dtype=torch.float64)
