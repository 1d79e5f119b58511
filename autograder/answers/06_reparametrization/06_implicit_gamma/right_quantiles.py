"""Idiom: explicit after all, by a difference of SciPy's quantiles."""
import numpy as np
import torch
from scipy import special


def implicit_gamma(concentration, rate, g):
    a, x = np.broadcast_arrays(concentration.detach().numpy(), g.numpy())
    h = 1e-4 * a
    lower, upper = special.gammainc(a, x), special.gammaincc(a, x)
    up, down = (np.where(lower < upper, special.gammaincinv(b, lower), special.gammainccinv(b, upper)) for b in (a + h, a - h))
    slope = torch.from_numpy((up - down) / (2 * h))
    return (g + slope * concentration - (slope * concentration).detach()) / rate
