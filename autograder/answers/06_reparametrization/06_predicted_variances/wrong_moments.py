"""diagnosis: moments"""
import torch


def predicted_variances(a, b, m, s):
    c, f0 = a * m + b, a * m**2 / 2 + b * m
    path = [a**2 * s**2, s**2 * (c**2 + a**2 * s**2)]
    score = [f0**2 / s**2 + 2 * c**2 + 15 / 4 * a**2 * s**2 + 3 * a * f0,
             2 * f0**2 + 10 * c**2 * s**2 + 37 / 2 * a**2 * s**4 + 10 * f0 * a * s**2]
    best = [2 * c**2 + 1.5 * a**2 * s**2, 10 * c**2 * s**2 + 6 * a**2 * s**4]
    return torch.tensor([path, score, best])
