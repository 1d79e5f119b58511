import math
import torch
from torch import Tensor

def _table(a, b, m, s, points=16, baseline=None, fix=None):
    import numpy as np
    e, w = np.polynomial.hermite_e.hermegauss(points)
    w = w / w.sum()
    z = m + s * e
    f, slope = 0.5 * a * z**2 + b * z, a * z + b
    scores = (e / s, e**2 - 1)
    best = lambda f, S: (w @ (f * S * S)) / (w @ (S * S))
    baseline = best if baseline is None else baseline
    shift = (lambda f, S: baseline(f, S)) if baseline is best else (lambda f, S: baseline(f, S, w))
    rows = [(slope, slope * s * e), tuple(f * S for S in scores), tuple((f - shift(f, S)) * S for S in scores)]
    table = np.array([[float(w @ (g - w @ g) ** 2) for g in row] for row in rows])
    return torch.tensor(fix(table) if fix else table, dtype=torch.float64)

# %% right quadrature: means and variances by a fine trapezoid of the normal density, in numpy
import numpy as np
def predicted_variances(a, b, m, s):
    e = np.linspace(-14, 14, 5601)
    w = np.exp(-0.5 * e**2)
    w /= w.sum()
    z = m + s * e
    f, slope = 0.5 * a * z**2 + b * z, a * z + b
    out = []
    scores = (e / s, e**2 - 1)
    rows = [(slope, slope * s * e), tuple(f * S for S in scores), tuple((f - (w @ (f * S * S)) / (w @ (S * S))) * S for S in scores)]
    for row in rows:
        out.append([float(w @ (g - w @ g) ** 2) for g in row])
    return torch.tensor(out, dtype=torch.float64)

# %% right polynomial: coefficients of polynomials in the noise, and the moments of a normal
def predicted_variances(a, b, m, s):
    moment = [1, 0, 1, 0, 3, 0, 15, 0, 105]
    def times(p, q):
        out = [0.0] * (len(p) + len(q) - 1)
        for i, u in enumerate(p):
            for j, v in enumerate(q):
                out[i + j] += u * v
        return out
    mean = lambda p: sum(c * moment[i] for i, c in enumerate(p))
    var = lambda p: mean(times(p, p)) - mean(p) ** 2
    f = [a * m * m / 2 + b * m, s * (a * m + b), a * s * s / 2]
    slope = [a * m + b, a * s]
    scores = [[0, 1 / s], [-1, 0, 1]]
    table = [[var(slope), var(times(slope, [0, s]))]]
    table.append([var(times(f, S)) for S in scores])
    last = []
    for S in scores:
        S2 = times(S, S)
        beta = mean(times(f, S2)) / mean(S2)
        last.append(var(times([f[0] - beta, f[1], f[2]], S)))
    return torch.tensor(table + [last], dtype=torch.float64)

# %% wrong mean_baseline: the mean of f as the baseline
def predicted_variances(a, b, m, s):
    return _table(a, b, m, s, baseline=lambda f, S, w: w @ f)

# %% wrong one_baseline: the best baseline of m stands in both columns
def predicted_variances(a, b, m, s):
    import numpy as np
    e, w = np.polynomial.hermite_e.hermegauss(16)
    return _table(a, b, m, s, baseline=lambda f, S, w: (w @ (f * e * e)))

# %% wrong few_points: four quadrature points, exact up to degree seven and not eight
def predicted_variances(a, b, m, s):
    return _table(a, b, m, s, points=4)

# %% wrong second_moments: second moments without the square of the mean, right where the gradient is zero
def predicted_variances(a, b, m, s):
    t = _table(a, b, m, s)
    mean = torch.tensor([a * m + b, a * s * s], dtype=torch.float64)
    return t + mean.square()

# %% wrong sampled: 100,000 seeded draws
def predicted_variances(a, b, m, s):
    e = torch.randn(100_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    z = m + s * e
    f, slope = 0.5 * a * z**2 + b * z, a * z + b
    scores = (e / s, e**2 - 1)
    best = [((f * S * S).mean() / (S * S).mean()) for S in scores]
    return torch.stack([torch.stack([slope.var(), (slope * s * e).var()]), torch.stack([(f * S).var() for S in scores]),
                        torch.stack([((f - c) * S).var() for c, S in zip(best, scores)])])

# %% wrong baseline_at_mean: f at the mean of q as the baseline, right where f is linear
def predicted_variances(a, b, m, s):
    return _table(a, b, m, s, baseline=lambda f, S, w: 0.5 * a * m * m + b * m)

# %% wrong optimal_by_covariance: the baseline that minimizes the spread of f itself against the score, Cov(f, S) / Var(S)
def predicted_variances(a, b, m, s):
    return _table(a, b, m, s, baseline=lambda f, S, w: (w @ (f * S)) / (w @ (S * S)))

# %% wrong sigma_column: the second column is for s and not for its logarithm
def predicted_variances(a, b, m, s):
    t = _table(a, b, m, s)
    t[:, 1] = t[:, 1] / s**2
    return t

# %% wrong eighth_moment: the eighth moment is taken for 90 and not 105 in the second column of the score function
def predicted_variances(a, b, m, s):
    t = _table(a, b, m, s)
    w = a * s * s / 2
    t[1, 1] -= 15 * w * w
    return t

# %% wrong linear_part: forgets the curvature in the variance of the pathwise gradient of log s, right for a = 0
def predicted_variances(a, b, m, s):
    t = _table(a, b, m, s)
    t[0, 1] = s**2 * (a * m + b) ** 2
    return t

# %% wrong best_by_reduction: reduces the score function's variance by the share of f's squared mean
def predicted_variances(a, b, m, s):
    t = _table(a, b, m, s)
    mean = 0.5 * a * (m * m + s * s) + b * m
    t[2, 0] = t[1, 0] - mean**2 / s**2
    t[2, 1] = t[1, 1] - 2 * mean**2
    return t
