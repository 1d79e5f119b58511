"""Idiom: polynomials in eps, and a table of normal moments."""
import numpy as np
import torch

MOMENTS = {0: 1, 2: 1, 4: 3, 6: 15, 8: 105, 10: 945}


def mean(poly):
    return sum(float(c) * MOMENTS.get(power, 0) for power, c in enumerate(np.atleast_1d(poly)))


def var(poly):
    return mean(np.polynomial.polynomial.polymul(poly, poly)) - mean(poly) ** 2


def predicted_variances(a, b, m, s):
    mul = np.polynomial.polynomial.polymul
    f = np.array([a * m * m / 2 + b * m, s * (a * m + b), a * s * s / 2])
    slope = np.array([a * m + b, a * s])
    table = [[var(slope), var(mul(slope, [0, s]))]]
    scores = ([0, 1 / s], [-1, 0, 1])
    table.append([var(mul(f, S)) for S in scores])
    row = []
    for S in scores:
        S2 = mul(S, S)
        level = f.copy()
        level[0] -= mean(mul(f, S2)) / mean(S2)
        row.append(var(mul(level, S)))
    table.append(row)
    return torch.tensor(table)
