import math

import torch
from torch import Tensor


def by_points(a, b, m, s, points, weights, baselines):
    """The table, with expectations by a rule; baselines: a function of (f, scores, mean) that gives one constant for each column."""
    def mean(v):
        return (weights * v).sum()

    def var(v):
        return mean(v**2) - mean(v) ** 2

    z = m + s * points
    f, slope, scores = a * z**2 / 2 + b * z, a * z + b, (points / s, points**2 - 1)
    rows = [[slope, slope * s * points], [f * S for S in scores], [(f - beta) * S for beta, S in zip(baselines(f, scores, mean), scores)]]
    return torch.stack([torch.stack([var(v) for v in row]) for row in rows])


def best(f, scores, mean):
    return [mean(f * S**2) / mean(S**2) for S in scores]


def hermite(order):
    from course_vi.exact import gauss_hermite

    return gauss_hermite(order)

# %% right polynomials_in_the_noise: everything is a polynomial in epsilon, so a variance is a convolution of coefficients against the double factorials
def predicted_variances(a: float, b: float, m: float, s: float) -> Tensor:
    import numpy as np

    def mean(c):
        return sum(v * math.prod(range(n - 1, 0, -2)) for n, v in enumerate(c) if n % 2 == 0)

    def var(c):
        c = np.array(c, dtype=float)
        c[0] -= mean(c)                                     # centred first, so nothing large is taken from anything large
        return mean(np.convolve(c, c))

    slope, f = np.array([a * m + b, a * s]), np.array([a * m**2 / 2 + b * m, s * (a * m + b), a * s**2 / 2])
    rows = [[var(slope), var(np.convolve(slope, [0, s]))], [], []]
    for score in (np.array([0, 1 / s]), np.array([-1.0, 0, 1])):
        square = np.convolve(score, score)
        beta = mean(np.convolve(f, square)) / mean(square)
        rows[1].append(var(np.convolve(f, score)))
        rows[2].append(var(np.convolve(f - np.array([beta, 0, 0]), score)))
    return torch.tensor(rows, dtype=torch.float64)

# %% wrong four_points: a rule of four points is exact up to degree seven, and the score of log s needs degree eight: five or six entries are right, and the last column of the score function is not
def predicted_variances(a: float, b: float, m: float, s: float) -> Tensor:
    return by_points(a, b, m, s, *hermite(4), best)

# %% wrong one_constant_for_both: minimizes the sum of the two variances with a single baseline, the reward weighted with the squared length of the whole score
def predicted_variances(a: float, b: float, m: float, s: float) -> Tensor:
    def shared(f, scores, mean):
        length = scores[0] ** 2 + scores[1] ** 2
        return [mean(f * length) / mean(length)] * 2

    return by_points(a, b, m, s, *hermite(16), shared)

# %% wrong value_at_the_mean: takes f(m) for the best baseline, the natural guess, which forgets that the squared score looks at both tails
def predicted_variances(a: float, b: float, m: float, s: float) -> Tensor:
    return by_points(a, b, m, s, *hermite(16), lambda f, scores, mean: [a * m**2 / 2 + b * m] * 2)

# %% wrong as_if_independent: computes E[f^2 S^2] as E[f^2] E[S^2] in the rows of the score function, as if reward and score knew nothing of each other
def predicted_variances(a: float, b: float, m: float, s: float) -> Tensor:
    points, weights = hermite(16)
    table = by_points(a, b, m, s, points, weights, best)
    z = m + s * points
    f = a * z**2 / 2 + b * z
    for column, S in enumerate((points / s, points**2 - 1)):
        beta = (weights * f * S**2).sum() / (weights * S**2).sum()
        mean = (weights * f * S).sum()
        for row, g in ((1, f), (2, f - beta)):
            table[row, column] = (weights * g**2).sum() * (weights * S**2).sum() - mean**2
    return table
