"""Idiom: NumPy's trapezoid rule, and the formula for a two by two table."""
import numpy as np
import torch
from scipy.special import expit


def two_bernoullis(intercepts, slopes):
    z = np.linspace(-9, 9, 9001)
    density = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    a, b = np.asarray(intercepts), np.asarray(slopes)
    p, q = expit(a[0] + b[0] * z), expit(a[1] + b[1] * z)
    n11, n10 = np.trapezoid(p * q * density, z), np.trapezoid(p * (1 - q) * density, z)
    n01, n00 = np.trapezoid((1 - p) * q * density, z), np.trapezoid((1 - p) * (1 - q) * density, z)
    phi = (n11 * n00 - n10 * n01) / np.sqrt((n11 + n10) * (n01 + n00) * (n11 + n01) * (n10 + n00))
    return torch.tensor([[n00, n01], [n10, n11]]), torch.tensor(phi)
