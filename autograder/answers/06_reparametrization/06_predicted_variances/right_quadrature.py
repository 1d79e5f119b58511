"""Idiom: Gauss and Hermite do the sums, the baselines included."""
import torch

from course_vi.exact import gauss_hermite


def predicted_variances(a, b, m, s):
    e, weights = gauss_hermite(16)
    e, weights = e.double(), weights.double()
    z = m + s * e
    f, slope = a * z**2 / 2 + b * z, a * z + b

    def mean(g):
        return (weights * g).sum()

    def var(g):
        return mean(g**2) - mean(g) ** 2

    rows = [[var(slope), var(slope * s * e)]]
    scores = (e / s, e**2 - 1)
    rows.append([var(f * S) for S in scores])
    rows.append([var((f - mean(f * S**2) / mean(S**2)) * S) for S in scores])
    return torch.tensor([[float(v) for v in row] for row in rows], dtype=torch.float64)
