"""diagnosis: level_forgotten"""
import torch


def predicted_variances(a, b, m, s):
    c = a * m + b
    path = [a**2 * s**2, s**2 * (c**2 + 2 * a**2 * s**2)]
    score = [2 * c**2 + 15 / 4 * a**2 * s**2, 10 * c**2 * s**2 + 37 / 2 * a**2 * s**4]
    best = [2 * c**2 + 1.5 * a**2 * s**2, 10 * c**2 * s**2 + 6 * a**2 * s**4]
    return torch.tensor([path, score, best])
