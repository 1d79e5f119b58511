import math

import numpy as np
import torch


def table(a, b, m, s):
    e, w = np.polynomial.hermite_e.hermegauss(24)
    w = w / w.sum()
    z = m + s * e
    f, slope = a / 2 * z**2 + b * z, a * z + b
    mean = lambda v: (w * v).sum()
    var = lambda v: mean(v**2) - mean(v) ** 2
    out = [[var(slope), var(slope * s * e)]]
    scores = (e / s, e**2 - 1)
    out.append([var(f * S) for S in scores])
    out.append([var((f - mean(f * S**2) / mean(S**2)) * S) for S in scores])
    return out


# %% right quadrature_lists: By quadrature; a list of lists.
def predicted_variances(a, b, m, s):
    return [[float(v) for v in row] for row in table(a, b, m, s)]


# %% right float32: The table in single precision, which is right to seven digits.
def predicted_variances(a, b, m, s):
    return torch.tensor(np.array(table(a, b, m, s)), dtype=torch.float32)


# %% right numpy: A NumPy array.
def predicted_variances(a, b, m, s):
    return np.array(table(a, b, m, s))


# %% wrong a_unsigned: The curvature without its sign.
def predicted_variances(a, b, m, s):
    return torch.tensor(np.array(table(abs(a), b, m, s)))


# %% wrong b_unsigned: The slope without its sign.
def predicted_variances(a, b, m, s):
    return torch.tensor(np.array(table(a, abs(b), m, s)))


# %% wrong m_unsigned: The mean without its sign.
def predicted_variances(a, b, m, s):
    return torch.tensor(np.array(table(a, b, abs(m), s)))


# %% wrong narrow_clamped: s is kept above a fifth.
def predicted_variances(a, b, m, s):
    return torch.tensor(np.array(table(a, b, m, max(s, 0.2))))


# %% wrong wide_clamped: s is kept below three.
def predicted_variances(a, b, m, s):
    return torch.tensor(np.array(table(a, b, m, min(s, 3.0))))


# %% wrong level_clamped: In the second row f(m) is not allowed below zero.
def predicted_variances(a, b, m, s):
    u, v, w = max(a * m**2 / 2 + b * m, 0.0), s * (a * m + b), a * s**2 / 2
    out = np.array(table(a, b, m, s))
    out[1] = [
        (u * u + 2 * v * v + 15 * w * w + 6 * u * w) / s**2,
        2 * u * u + 10 * v * v + 74 * w * w + 20 * u * w,
    ]
    return torch.tensor(out)
