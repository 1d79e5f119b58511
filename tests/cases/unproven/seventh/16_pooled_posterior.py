import math

import numpy as np
import torch
from torch import Tensor

# %% right centred_on_prior: sums of x - m and its square, picked with where before computing
def pooled_posterior(points: Tensor, present: Tensor, prior: Tensor) -> Tensor:
    m, k, a, b = prior.double().unbind()
    d = torch.where(present, points, m) - m
    n, s, ss = present.double().sum(-1), d.sum(-1), (d * d).sum(-1)
    return torch.stack([m + s / (k + n), k + n, a + n / 2, b + 0.5 * (ss - s * s / (k + n))], -1)

# %% right one_by_one: plain Python, each point updates the four numbers in turn; returns a NumPy array
def pooled_posterior(points, present, prior):
    shape = tuple(points.shape[:-1])
    rows = []
    n_last = points.shape[-1]
    for row, there in zip(points.reshape(-1, n_last).tolist(), present.reshape(-1, n_last).tolist()):
        m, k, a, b = prior.tolist()
        for x, t in zip(row, there):
            if not t:
                continue
            b += 0.5 * k * (x - m) ** 2 / (k + 1)
            m += (x - m) / (k + 1)
            k += 1
            a += 0.5
        rows.append([m, k, a, b])
    return np.array(rows, dtype=np.float64).reshape(shape + (4,))

# %% right numpy_two_pass: textbook form, mean of the set first, squares about it, between-term after; masked arrays of NumPy
def pooled_posterior(points, present, prior):
    x = np.ma.masked_array(np.array(points), mask=~np.array(present))
    m, k, a, b = (float(v) for v in prior)
    n = np.asarray(present).sum(-1).astype(float)
    xbar = np.ma.filled(x.mean(-1), m)
    ss = np.where(np.asarray(present), np.nan_to_num(np.array(points), posinf=0, neginf=0) - xbar[..., None], 0.0)
    ss = (ss**2).sum(-1)
    out = np.stack([(k * m + n * xbar) / (k + n), k + n, a + n / 2,
                    b + ss / 2 + k * n * (xbar - m) ** 2 / (2 * (k + n))], -1)
    return torch.from_numpy(np.array(out, dtype=np.float64))

# %% wrong presence_from_nan: I take every point that is not NaN, and never look at present; padding may be any finite number
def pooled_posterior(points, present, prior):
    m, k, a, b = prior.unbind()
    there = ~torch.isnan(points)
    d = torch.where(there, points, m) - m
    n, s, ss = there.double().sum(-1), d.sum(-1), (d * d).sum(-1)
    return torch.stack([m + s / (k + n), k + n, a + n / 2, b + 0.5 * (ss - s * s / (k + n))], -1)

# %% wrong times_mask: padding is wiped out by multiplying with the mask; NaN times zero is NaN
def pooled_posterior(points, present, prior):
    m, k, a, b = prior.unbind()
    w = present.double()
    d = (points - m) * w
    n, s, ss = w.sum(-1), d.sum(-1), (d * d).sum(-1)
    return torch.stack([m + s / (k + n), k + n, a + n / 2, b + 0.5 * (ss - s * s / (k + n))], -1)

# %% wrong first_n: I count how many there are and take that many from the left; gaps may stand anywhere
def pooled_posterior(points, present, prior):
    m, k, a, b = prior.unbind()
    n = present.double().sum(-1)
    left = torch.arange(points.shape[-1]) < n.unsqueeze(-1)
    d = torch.where(left, points.nan_to_num(0.0), m) - m
    s, ss = d.sum(-1), (d * d).sum(-1)
    return torch.stack([m + s / (k + n), k + n, a + n / 2, b + 0.5 * (ss - s * s / (k + n))], -1)

# %% wrong distinct_values: a set has no repeated elements, so I drop repeats; but points that are equal are points
def pooled_posterior(points, present, prior):
    flat, there = points.reshape(-1, points.shape[-1]), present.reshape(-1, points.shape[-1])
    rows = []
    for x, t in zip(flat, there):
        m, k, a, b = prior.tolist()
        some = sorted(set(x[t].tolist()))
        n = len(some)
        s, ss = sum(v - m for v in some), sum((v - m) ** 2 for v in some)
        rows.append([m + s / (k + n), k + n, a + n / 2, b + 0.5 * (ss - s * s / (k + n))])
    return torch.tensor(rows, dtype=torch.float64).reshape(*points.shape[:-1], 4)

# %% wrong unbiased_variance: spread about the mean by n times the unbiased variance, which is n/(n-1) too much
def pooled_posterior(points, present, prior):
    m, k, a, b = prior.unbind()
    n = present.double().sum(-1)
    x = torch.where(present, points, torch.zeros(()).double())
    xbar = x.sum(-1) / n.clamp(min=1)
    ss = torch.where(present, x - xbar.unsqueeze(-1), torch.zeros(()).double()).square().sum(-1)
    ss = n * ss / (n - 1).clamp(min=1)
    return torch.stack([(k * m + n * xbar) / (k + n), k + n, a + n / 2,
                        b + ss / 2 + k * n * (xbar - m) ** 2 / (2 * (k + n))], -1)

# %% wrong between_counted_twice: squares about m, and the between-term on top; the squares about m hold it already
def pooled_posterior(points, present, prior):
    m, k, a, b = prior.unbind()
    d = torch.where(present, points, m) - m
    n, s, ss = present.double().sum(-1), d.sum(-1), (d * d).sum(-1)
    xbar = s / n.clamp(min=1)
    return torch.stack([m + s / (k + n), k + n, a + n / 2, b + 0.5 * ss + 0.5 * k * n / (k + n) * xbar**2], -1)

# %% wrong epsilon_mean: the mean as a sum over n + 1e-6, safe for the empty set; the seventh digit is lost
def pooled_posterior(points, present, prior):
    m, k, a, b = prior.unbind()
    n = present.double().sum(-1)
    x = torch.where(present, points, torch.zeros(()).double())
    xbar = x.sum(-1) / (n + 1e-6)
    ss = torch.where(present, x - xbar.unsqueeze(-1), torch.zeros(()).double()).square().sum(-1)
    return torch.stack([(k * m + n * xbar) / (k + n), k + n, a + n / 2,
                        b + ss / 2 + k * n * (xbar - m) ** 2 / (2 * (k + n))], -1)

# %% wrong clamped_size: n is at least one, against 0 / 0; the empty set then counts as a point at its mean
def pooled_posterior(points, present, prior):
    m, k, a, b = prior.unbind()
    d = torch.where(present, points, m) - m
    n, s, ss = present.double().sum(-1).clamp(min=1), d.sum(-1), (d * d).sum(-1)
    return torch.stack([m + s / (k + n), k + n, a + n / 2, b + 0.5 * (ss - s * s / (k + n))], -1)

# %% wrong writes_into_points: I put zeros into the padding of my argument, in place; arguments must stay as they were
def pooled_posterior(points, present, prior):
    m, k, a, b = prior.unbind()
    points[~present] = 0.0
    n, s = present.double().sum(-1), points.sum(-1)
    d = (points - m) * present
    return torch.stack([(k * m + s) / (k + n), k + n, a + n / 2, b + 0.5 * (d.square().sum(-1) - d.sum(-1) ** 2 / (k + n))], -1)

# %% wrong extra_degree: mu is a normal with the same lambda, so a grows by (n + 1) / 2; that half is in the prior's form already
def pooled_posterior(points, present, prior):
    m, k, a, b = prior.unbind()
    d = torch.where(present, points, m) - m
    n, s, ss = present.double().sum(-1), d.sum(-1), (d * d).sum(-1)
    grow = torch.where(n > 0, (n + 1) / 2, n)
    return torch.stack([m + s / (k + n), k + n, a + grow, b + 0.5 * (ss - s * s / (k + n))], -1)

# %% wrong b_is_a_scale: I took b for a scale, so that 1/b adds up; the statement says it is a rate
def pooled_posterior(points, present, prior):
    m, k, a, b = prior.unbind()
    d = torch.where(present, points, m) - m
    n, s, ss = present.double().sum(-1), d.sum(-1), (d * d).sum(-1)
    return torch.stack([m + s / (k + n), k + n, a + n / 2, 1 / (1 / b + 0.5 * (ss - s * s / (k + n)))], -1)

# %% wrong around_posterior_mean: squares of the points about the new mean, and nothing for the prior's distance k (m_n - m)^2
def pooled_posterior(points, present, prior):
    m, k, a, b = prior.unbind()
    n = present.double().sum(-1)
    d = torch.where(present, points, m) - m
    new = m + d.sum(-1) / (k + n)
    off = torch.where(present, points - new.unsqueeze(-1), torch.zeros(()).double())
    return torch.stack([new, k + n, a + n / 2, b + 0.5 * off.square().sum(-1)], -1)
