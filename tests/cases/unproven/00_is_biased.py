import math
import torch
from torch import Tensor

def _flat(draw, n, exact):
    g = draw(n)
    g = g.reshape(n, -1)
    a = torch.as_tensor(exact, dtype=g.dtype).reshape(-1)
    return g, a.expand(g.shape[1])

# %% right union_bound: one z-test per entry at a level of 1 in 2,000 for all together, with a comparison that needs no division
def is_biased(draw, exact):
    from statistics import NormalDist
    g, a = _flat(draw, 10_000, exact)
    p = g.shape[1]
    limit = NormalDist().inv_cdf(1 - 0.0005 / (2 * p)) * 1.05
    limit = max(limit, 4.2)
    mean = g.double().mean(0)
    se = g.std(0) / 100.0
    rounding = 1e-12 * torch.maximum(a.abs(), g.abs().max(0).values)
    constant = (g == g[0]).all(0)
    off = torch.where(constant, (g[0] - a).abs() > 1e-12 * a.abs(), (mean - a).abs() > limit * se + rounding)
    return bool(off.any())

# %% right numpy_batches: draws ten times 1,000, in numpy, with one fixed limit of 5.2 standard errors
import numpy as np
def is_biased(draw, exact):
    g = np.concatenate([draw(1000).detach().numpy().reshape(1000, -1) for _ in range(10)])
    a = np.broadcast_to(np.asarray(exact, dtype=float).reshape(-1), g.shape[1:])
    for j in range(g.shape[1]):
        column = g[:, j]
        if np.ptp(column) == 0.0:
            if not math.isclose(column[0], a[j], rel_tol=1e-12, abs_tol=0.0):
                return True
            continue
        shifted = column - a[j]
        if abs(shifted.mean()) > 5.2 * shifted.std(ddof=1) / math.sqrt(len(column)):
            return True
    return False

# %% wrong three_sigma: a limit of three standard errors for every entry
def is_biased(draw, exact):
    g, a = _flat(draw, 10_000, exact)
    return bool(((g.mean(0) - a).abs() > 3 * g.std(0) / 100 + 1e-12 * a.abs()).any())

# %% wrong no_union: a limit of 3.3 standard errors, right for one entry and too many alarms for sixty
def is_biased(draw, exact):
    g, a = _flat(draw, 10_000, exact)
    return bool(((g.mean(0) - a).abs() > 3.5 * g.std(0) / 100 + 1e-12 * a.abs()).any())

# %% wrong few_replicates: two thousand replicates, so a bias of a tenth of the spread lies at the limit
def is_biased(draw, exact):
    g, a = _flat(draw, 2_000, exact)
    return bool(((g.mean(0) - a).abs() > 4.8 * g.std(0) / 2_000**0.5 + 1e-12 * a.abs()).any())

# %% wrong absolute_rounding: an absolute allowance of 1e-4, as large as the spread of the smallest estimators
def is_biased(draw, exact):
    g, a = _flat(draw, 10_000, exact)
    return bool(((g.mean(0) - a).abs() > 5 * g.std(0) / 100 + 1e-4).any())

# %% wrong one_sided: looks for a bias upwards only
def is_biased(draw, exact):
    g, a = _flat(draw, 10_000, exact)
    return bool((g.mean(0) - a > 5 * g.std(0) / 100 + 1e-12 * a.abs()).any())

# %% wrong mean_z: averages the z-scores of the entries, so one biased entry among sixty is lost
def is_biased(draw, exact):
    g, a = _flat(draw, 10_000, exact)
    z = (g.mean(0) - a) / (g.std(0) / 100 + 1e-12 * a.abs() + 1e-300)
    return bool(z.sum().abs() > 5 * z.numel() ** 0.5)

# %% wrong chi_square: adds the squares of the z-scores as if entries were independent, and entries may share their noise
def is_biased(draw, exact):
    g, a = _flat(draw, 10_000, exact)
    z = (g.mean(0) - a) / (g.std(0) / 100 + 1e-12 * a.abs() + 1e-300)
    p = z.numel()
    return bool(z.square().sum() > p + 4 * (2 * p) ** 0.5 + 12)

# %% wrong divides: divides by the standard error, so a constant estimator that is off comes out right or as NaN
def is_biased(draw, exact):
    g, a = _flat(draw, 10_000, exact)
    se = g.std(0) / 100
    z = torch.where(se > 1e-15, (g.mean(0) - a) / se, torch.zeros_like(se))
    return bool((z.abs() > 5).any())

# %% wrong exact_equality: a constant estimator must equal the exact answer to the last bit
def is_biased(draw, exact):
    g, a = _flat(draw, 10_000, exact)
    constant = (g == g[0]).all(0)
    off = torch.where(constant, g[0] != a, (g.mean(0) - a).abs() > 5 * g.std(0) / 100)
    return bool(off.any())

# %% wrong median: tests the median, which a skewed and unbiased estimator fails
def is_biased(draw, exact):
    g, a = _flat(draw, 10_000, exact)
    return bool(((g.median(0).values - a).abs() > 5 * 1.2533 * g.std(0) / 100 + 1e-12 * a.abs()).any())

# %% wrong trimmed: trims five per cent at each end, which shifts the mean of skewed noise
def is_biased(draw, exact):
    g, a = _flat(draw, 10_000, exact)
    kept = g.sort(0).values[500:-500]
    return bool(((kept.mean(0) - a).abs() > 5 * g.std(0) / 100 + 1e-12 * a.abs()).any())

# %% wrong second_look: draws 10,000, and if in doubt 10,000 more
def is_biased(draw, exact):
    g, a = _flat(draw, 10_000, exact)
    if ((g.mean(0) - a).abs() > 4 * g.std(0) / 100 + 1e-12 * a.abs()).any():
        more, _ = _flat(draw, 10_000, exact)
        g = torch.cat([g, more])
        return bool(((g.mean(0) - a).abs() > 4.7 * g.std(0) / len(g) ** 0.5 + 1e-12 * a.abs()).any())
    return False

# %% wrong bonferroni_on_power: divides the size of the bias, not the chance of an alarm, by the number of entries
def is_biased(draw, exact):
    g, a = _flat(draw, 10_000, exact)
    p = g.shape[1]
    return bool(((g.mean(0) - a).abs() > 3.5 * p**0.5 * g.std(0) / 100 + 1e-12 * a.abs()).any())

# %% wrong pooled_spread: one spread for all entries, so a bias in a quiet entry drowns beside a noisy one
def is_biased(draw, exact):
    g, a = _flat(draw, 10_000, exact)
    se = g.var(0).mean().sqrt() / 100
    return bool(((g.mean(0) - a).abs() > 5 * se + 1e-12 * a.abs()).any())
