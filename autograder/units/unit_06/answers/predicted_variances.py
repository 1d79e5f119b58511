# %% right closed_form: The formulas of the lecture.
import torch


def predicted_variances(a, b, m, s):
    c, f0 = a * m + b, a * m**2 / 2 + b * m
    path = [a**2 * s**2, s**2 * (c**2 + 2 * a**2 * s**2)]
    score = [f0**2 / s**2 + 2 * c**2 + 15 / 4 * a**2 * s**2 + 3 * a * f0,
             2 * f0**2 + 10 * c**2 * s**2 + 37 / 2 * a**2 * s**4 + 10 * f0 * a * s**2]
    best = [2 * c**2 + 1.5 * a**2 * s**2, 10 * c**2 * s**2 + 6 * a**2 * s**4]
    return torch.tensor([path, score, best])


# %% right polynomials: Polynomials in eps, and a table of normal moments.
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


# %% right quadrature: Gauss and Hermite do the sums, the baselines included.
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


# %% wrong baseline_mean, from right quadrature: The baseline is the mean of f, best if f and the squared score were unrelated, which they are not.
# diagnosis: baseline_is_mean
#-     rows = [[var(slope), var(slope * s * e)]]
#@@
#-     rows.append([var(f * S) for S in scores])
#-     rows.append([var((f - mean(f * S**2) / mean(S**2)) * S) for S in scores])
#-     return torch.tensor([[float(v) for v in row] for row in rows], dtype=torch.float64)
#+     rows = [[var(slope), var(slope * s * e)], [var(f * S) for S in scores], [var((f - mean(f)) * S) for S in scores]]
#+     return torch.tensor(rows)


# %% wrong gradient_of_s, from right quadrature: The second column is the gradient of s: the factor s of the chain rule to log s is missing.
# diagnosis: scale_gradient
#-     rows = [[var(slope), var(slope * s * e)]]
#-     scores = (e / s, e**2 - 1)
#-     rows.append([var(f * S) for S in scores])
#-     rows.append([var((f - mean(f * S**2) / mean(S**2)) * S) for S in scores])
#-     return torch.tensor([[float(v) for v in row] for row in rows], dtype=torch.float64)
#+     scores = (e / s, (e**2 - 1) / s)
#+     rows = [[var(slope), var(slope * e)], [var(f * S) for S in scores],
#+             [var((f - mean(f * S**2) / mean(S**2)) * S) for S in scores]]
#+     return torch.tensor(rows)


# %% wrong moments, from right closed_form: The variance of eps^2 is taken for one; it is 3 - 1 = 2.
# diagnosis: moments
#-     path = [a**2 * s**2, s**2 * (c**2 + 2 * a**2 * s**2)]
#+     path = [a**2 * s**2, s**2 * (c**2 + a**2 * s**2)]


# %% wrong no_level, from right closed_form: f(m) is dropped because it has no gradient. Multiplied by the score it is pure noise.
# diagnosis: level_forgotten
#-     c, f0 = a * m + b, a * m**2 / 2 + b * m
#+     c = a * m + b
#@@
#-     score = [f0**2 / s**2 + 2 * c**2 + 15 / 4 * a**2 * s**2 + 3 * a * f0,
#-              2 * f0**2 + 10 * c**2 * s**2 + 37 / 2 * a**2 * s**4 + 10 * f0 * a * s**2]
#+     score = [2 * c**2 + 15 / 4 * a**2 * s**2, 10 * c**2 * s**2 + 37 / 2 * a**2 * s**4]


# %% wrong one_baseline, from right quadrature: The best baseline of m serves log s as well: its score is another, and so is its best constant.
# diagnosis: one_baseline
#-     rows = [[var(slope), var(slope * s * e)]]
#@@
#-     rows.append([var(f * S) for S in scores])
#-     rows.append([var((f - mean(f * S**2) / mean(S**2)) * S) for S in scores])
#-     return torch.tensor([[float(v) for v in row] for row in rows], dtype=torch.float64)
#+     best = mean(f * e**2)
#+     rows = [[var(slope), var(slope * s * e)], [var(f * S) for S in scores], [var((f - best) * S) for S in scores]]
#+     return torch.tensor(rows)


# %% wrong rows_swapped, from right quadrature: The score function's two rows stand in each other's place: with baselines first.
# diagnosis: rows_swapped
#-     rows = [[var(slope), var(slope * s * e)]]
#@@
#-     rows.append([var(f * S) for S in scores])
#-     rows.append([var((f - mean(f * S**2) / mean(S**2)) * S) for S in scores])
#-     return torch.tensor([[float(v) for v in row] for row in rows], dtype=torch.float64)
#+     rows = [[var(slope), var(slope * s * e)], [var((f - mean(f * S**2) / mean(S**2)) * S) for S in scores], [var(f * S) for S in scores]]
#+     return torch.tensor(rows)


# %% wrong sampled, from right closed_form: A hundred thousand draws are averaged: a measurement, another one at each call, where a prediction is asked.
# diagnosis: sampled
import torch


def predicted_variances(a, b, m, s):
    e = torch.randn(100_000)
    z = m + s * e
    f, slope = a * z**2 / 2 + b * z, a * z + b
    scores = (e / s, e**2 - 1)
    rows = [[slope.var(), (slope * s * e).var()], [(f * S).var() for S in scores]]
    rows.append([((f - (f * S**2).mean() / (S**2).mean()) * S).var() for S in scores])
    return torch.tensor(rows)


# %% wrong second_moment, from right quadrature: Means of squares, without subtracting the squared mean: right only where the gradient is zero.
# diagnosis: second_moment
#-     rows = [[var(slope), var(slope * s * e)]]
#@@
#-     rows.append([var(f * S) for S in scores])
#-     rows.append([var((f - mean(f * S**2) / mean(S**2)) * S) for S in scores])
#-     return torch.tensor([[float(v) for v in row] for row in rows], dtype=torch.float64)
#+     rows = [[mean(slope**2), mean((slope * s * e) ** 2)], [mean((f * S) ** 2) for S in scores]]
#+     rows.append([mean(((f - mean(f * S**2) / mean(S**2)) * S) ** 2) for S in scores])
#+     return torch.tensor(rows)


# %% wrong short_rule, from right closed_form: Gauss and Hermite's rule with four points: exact up to degree 7, and a square of degree 8 is asked of it.
# diagnosis: rule_too_short
import torch

from course_vi.exact import gauss_hermite


def predicted_variances(a, b, m, s):
    eps, weights = gauss_hermite(4)
    z = m + s * eps
    f, slope = a * z**2 / 2 + b * z, a * z + b
    scores = torch.stack([eps / s, eps**2 - 1])
    baselines = (weights * f * scores**2).sum(-1, keepdim=True) / (weights * scores**2).sum(-1, keepdim=True)
    rows = torch.stack([torch.stack([slope, slope * s * eps]), f * scores, (f - baselines) * scores])
    return (weights * rows**2).sum(-1) - (weights * rows).sum(-1) ** 2


# %% wrong standard_deviation, from right quadrature: A root too many: standard deviations, the habit of error bars.
# diagnosis: standard_deviation
#-     rows = [[var(slope), var(slope * s * e)]]
#@@
#-     rows.append([var(f * S) for S in scores])
#-     rows.append([var((f - mean(f * S**2) / mean(S**2)) * S) for S in scores])
#-     return torch.tensor([[float(v) for v in row] for row in rows], dtype=torch.float64)
#+     rows = [[var(slope), var(slope * s * e)], [var(f * S) for S in scores],
#+             [var((f - mean(f * S**2) / mean(S**2)) * S) for S in scores]]
#+     return torch.tensor(rows).sqrt()


# %% wrong transposed, from right closed_form: Rows are the parameters and columns the estimators: the table on its side.
# diagnosis: transposed
import torch

from course_vi.exact import gauss_hermite


def predicted_variances(a, b, m, s):
    eps, weights = gauss_hermite(16)
    z = m + s * eps
    f, slope = a * z**2 / 2 + b * z, a * z + b
    scores = torch.stack([eps / s, eps**2 - 1])
    baselines = (weights * f * scores**2).sum(-1, keepdim=True) / (weights * scores**2).sum(-1, keepdim=True)
    rows = torch.stack([torch.stack([slope, slope * s * eps]), f * scores, (f - baselines) * scores])
    return ((weights * rows**2).sum(-1) - (weights * rows).sum(-1) ** 2).T


# %% wrong no_baseline, from right quadrature: The baselines are computed and not subtracted: the third row is the second once more.
# diagnosis: row_2_again
#-     rows.append([var((f - mean(f * S**2) / mean(S**2)) * S) for S in scores])
#+     best = [mean(f * S**2) / mean(S**2) for S in scores]
#+     rows.append([var(f * S) for S, _ in zip(scores, best)])


# %% wrong narrow_clamped, from right closed_form: s is kept above a fifth, for fear of dividing by zero: a narrow q gets another q's variances.
# diagnosis: value
#-     c, f0 = a * m + b, a * m**2 / 2 + b * m
#+     s, c, f0 = max(s, 0.2), a * m + b, a * m**2 / 2 + b * m
