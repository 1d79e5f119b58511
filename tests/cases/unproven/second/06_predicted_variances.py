import math

import numpy as np
import torch
from torch import Tensor


def _rule(n):
    x, w = np.polynomial.hermite_e.hermegauss(n)
    return torch.tensor(x), torch.tensor(w / w.sum())


def _table(a, b, m, s, n=24, half=0.5, extra=1.0, baseline="best", centre=True, offset=True):
    e, w = _rule(n)
    z = m + s * e
    f, slope = half * a * z**2 + b * z, a * z + b
    if not offset:
        f = f - (half * a * m**2 + b * m)
    E = lambda v: (w * v).sum()
    V = lambda v: E(v**2) - (E(v) ** 2 if centre else 0.0)
    scores = e / s, (e**2 - 1) * extra
    best = [E(f * S**2) / E(S**2) for S in scores]
    if baseline == "mean":
        best = [E(f), E(f)]
    if baseline == "first":
        best = [best[0], best[0]]
    if baseline == "value_at_m":
        best = [half * a * m**2 + b * m] * 2
    return torch.stack([torch.stack([V(slope), V(slope * s * e)]), torch.stack([V(f * S) for S in scores]),
                        torch.stack([V((f - c) * S) for c, S in zip(best, scores)])])


# %% right gauss_hermite: every expectation by a rule of twenty-four points
def predicted_variances(a: float, b: float, m: float, s: float) -> Tensor:
    return _table(a, b, m, s)


# %% right moments: coefficients of f in the noise, and the moments 1, 3, 15, 105
def predicted_variances(a: float, b: float, m: float, s: float) -> Tensor:
    h0, h1, h2 = a * m * m / 2 + b * m, (a * m + b) * s, a * s * s / 2
    moment = lambda k: 0 if k % 2 else math.prod(range(1, k, 2))
    mul = lambda p, q: [sum(p[i] * q[k - i] for i in range(len(p)) if 0 <= k - i < len(q)) for k in range(len(p) + len(q) - 1)]
    E = lambda p: sum(c * moment(k) for k, c in enumerate(p))
    V = lambda p: E(mul(p, p)) - E(p) ** 2
    f, slope = [h0, h1, h2], [a * m + b, a * s]
    scores = [0, 1 / s], [-1, 0, 1]
    rows = [[V(slope), V(mul(slope, [0, s]))], [V(mul(f, S)) for S in scores], []]
    for S in scores:
        S2 = mul(S, S)
        beta = E(mul(f, S2)) / E(S2)
        rows[2].append(V(mul([h0 - beta, h1, h2], S)))
    return torch.tensor(rows, dtype=torch.float64)


# %% right closed_form: polynomials worked out on paper
def predicted_variances(a: float, b: float, m: float, s: float) -> Tensor:
    d, c = a * m + b, a * s * s / 2
    v0 = a * m * m / 2 + b * m
    pathwise = [(a * s) ** 2, (d * s) ** 2 + 2 * (a * s * s) ** 2]
    score_m = lambda h: (h * h + 6 * h * c + 15 * c * c + 3 * (d * s) ** 2 - (d * s) ** 2) / s**2
    score_l = lambda h: 2 * h * h + 10 * (d * s) ** 2 + 78 * c * c - 4 * c * c + 20 * h * c
    return torch.tensor([pathwise, [score_m(v0), score_l(v0)], [score_m(-3 * c), score_l(-5 * c)]], dtype=torch.float64)


# %% wrong four_points: four Gauss-Hermite points, exact to degree seven where eight is needed
def predicted_variances(a: float, b: float, m: float, s: float) -> Tensor:
    return _table(a, b, m, s, n=4)


# %% wrong mean_baseline: the baseline of the third row is the mean of f
def predicted_variances(a: float, b: float, m: float, s: float) -> Tensor:
    return _table(a, b, m, s, baseline="mean")


# %% wrong one_baseline: both columns get the best baseline of the first
def predicted_variances(a: float, b: float, m: float, s: float) -> Tensor:
    return _table(a, b, m, s, baseline="first")


# %% wrong value_at_m: the baseline is the value at the centre, right for a = 0
def predicted_variances(a: float, b: float, m: float, s: float) -> Tensor:
    return _table(a, b, m, s, baseline="value_at_m")


# %% wrong second_moments: second moments in place of variances, the same where gradients have mean zero
def predicted_variances(a: float, b: float, m: float, s: float) -> Tensor:
    return _table(a, b, m, s, centre=False)


# %% wrong offset_lost: the value of f at m is dropped in the second row, as if a constant did not matter
def predicted_variances(a: float, b: float, m: float, s: float) -> Tensor:
    return _table(a, b, m, s, offset=False)


# %% wrong half_forgotten: f = a z^2 + b z in the score function's rows
def predicted_variances(a: float, b: float, m: float, s: float) -> Tensor:
    t = _table(a, b, m, s, half=1.0)
    return torch.cat([_table(a, b, m, s)[:1], t[1:]])


# %% wrong extra_scale: one more s in the score of log s, right for s = 1
def predicted_variances(a: float, b: float, m: float, s: float) -> Tensor:
    return _table(a, b, m, s, extra=s)


# %% wrong gradient_of_s: the pathwise column of log s is that of s, without the factor s
def predicted_variances(a: float, b: float, m: float, s: float) -> Tensor:
    t = _table(a, b, m, s)
    t[0, 1] = t[0, 1] / s**2
    return t


# %% wrong measured: fifty thousand draws with a fixed seed
def predicted_variances(a: float, b: float, m: float, s: float) -> Tensor:
    e = torch.randn(50_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    t = _table(a, b, m, s)
    z = m + s * e
    f, slope = a * z**2 / 2 + b * z, a * z + b
    t[0] = torch.stack([slope.var(), (slope * s * e).var()])
    t[1] = torch.stack([(f * e / s).var(), (f * (e**2 - 1)).var()])
    return t


# %% wrong standard_deviations: roots of the variances
def predicted_variances(a: float, b: float, m: float, s: float) -> Tensor:
    return _table(a, b, m, s).clamp(min=0).sqrt()


# %% wrong gaussian_fourth_moment: takes the eighth moment for 81, as if 3^4
def predicted_variances(a: float, b: float, m: float, s: float) -> Tensor:
    t = _table(a, b, m, s)
    c = a * s * s / 2
    t[1:, 1] = t[1:, 1] - 24 * c * c
    return t


# %% wrong pathwise_log_s_fourth: the pathwise column of log s with E eps^4 = 1
def predicted_variances(a: float, b: float, m: float, s: float) -> Tensor:
    t = _table(a, b, m, s)
    t[0, 1] = t[0, 1] - 2 * (a * s * s) ** 2
    return t


# %% wrong columns_and_rows: columns are the estimators
def predicted_variances(a: float, b: float, m: float, s: float) -> Tensor:
    t = _table(a, b, m, s)
    return t.T.reshape(3, 2)
