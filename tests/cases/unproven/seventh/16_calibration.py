import math
import statistics

import numpy as np
import torch
from torch import Tensor


def upper_end(levels):
    """Half width of the central interval of a standard normal, for each level."""
    return torch.special.ndtri(0.5 + 0.5 * levels)


def inside(y, loc, scale, half):
    """(L, F, T), 1.0 where a target lies in the interval."""
    return (((y - loc) / scale).abs() <= half[:, None, None]).double()


# %% right by_quantile: half widths from ndtri; shares by function; unbiased deviation over root F
def calibration(y, loc, scale, levels):
    shares = inside(y, loc, scale, upper_end(levels)).mean(-1)
    return shares.mean(-1), shares.std(-1) / shares.shape[1] ** 0.5

# %% right by_probability: each target's own central level from erf, compared with the levels; NumPy
def calibration(y, loc, scale, levels):
    own = torch.erf((y - loc).abs() / scale / math.sqrt(2)).numpy()
    coverage, error = [], []
    for level in levels.tolist():
        shares = (own <= level).mean(axis=1)
        coverage.append(shares.mean())
        error.append(math.sqrt(((shares - shares.mean()) ** 2).sum() / (len(shares) - 1) / len(shares)))
    return np.array(coverage), np.array(error)

# %% right plain_loops: counts with NormalDist of the standard library, interval ends spelled out; lists of floats; jackknife error
def calibration(y, loc, scale, levels):
    coverage, error = [], []
    f, t = y.shape
    for level in levels.tolist():
        half = statistics.NormalDist().inv_cdf(0.5 + level / 2)
        counts = [sum(abs(a - m) <= half * s for a, m, s in zip(*rows)) for rows in zip(y.tolist(), loc.tolist(), scale.tolist())]
        total = sum(counts)
        without = [(total - c) / ((f - 1) * t) for c in counts]
        centre = sum(without) / f
        coverage.append(total / (f * t))
        error.append(math.sqrt((f - 1) / f * sum((w - centre) ** 2 for w in without)))
    return coverage, error

# %% wrong one_sided: the quantile of the level itself; the central interval leaves out half on each side
def calibration(y, loc, scale, levels):
    shares = inside(y, loc, scale, torch.special.ndtri(levels)).mean(-1)
    return shares.mean(-1), shares.std(-1) / shares.shape[1] ** 0.5

# %% wrong lower_tail: share of targets below the upper end of the interval that leaves 1 - level above; not a central interval
def calibration(y, loc, scale, levels):
    shares = ((y - loc) / scale <= torch.special.ndtri(levels)[:, None, None]).double().mean(-1)
    return shares.mean(-1), shares.std(-1) / shares.shape[1] ** 0.5

# %% wrong binomial: root of p (1 - p) over all targets, as if they were independent
def calibration(y, loc, scale, levels):
    p = inside(y, loc, scale, upper_end(levels)).mean((-1, -2))
    return p, (p * (1 - p) / y.numel()).sqrt()

# %% wrong binomial_over_functions: root of p (1 - p) / F, the error if all targets of a function said the same; too large where they do not
def calibration(y, loc, scale, levels):
    p = inside(y, loc, scale, upper_end(levels)).mean((-1, -2))
    return p, (p * (1 - p) / y.shape[0]).sqrt()

# %% wrong promised_level: the error that a calibrated forecaster would have, from the level in place of the data
def calibration(y, loc, scale, levels):
    hits = inside(y, loc, scale, upper_end(levels))
    together = hits.mean(-1).var(-1) / (hits.mean((-1, -2)) * (1 - hits.mean((-1, -2)))).clamp(min=1e-12)
    return hits.mean((-1, -2)), (together * levels * (1 - levels) / y.shape[0]).sqrt()

# %% wrong divided_by_f: deviation of the shares about their own mean with F below the root; with few functions it is too small
def calibration(y, loc, scale, levels):
    shares = inside(y, loc, scale, upper_end(levels)).mean(-1)
    return shares.mean(-1), shares.std(-1, unbiased=False) / shares.shape[1] ** 0.5

# %% wrong corrected_twice: the unbiased deviation, over root F - 1; one is taken off twice
def calibration(y, loc, scale, levels):
    shares = inside(y, loc, scale, upper_end(levels)).mean(-1)
    return shares.mean(-1), shares.std(-1) / (shares.shape[1] - 1) ** 0.5

# %% wrong over_targets: shares for each target over functions, and their error; targets are not what is independent (F and T swapped)
def calibration(y, loc, scale, levels):
    shares = inside(y, loc, scale, upper_end(levels)).mean(-2)
    spread = shares.std(-1) if y.shape[1] > 1 else torch.zeros_like(levels)
    return shares.mean(-1), spread / y.shape[1] ** 0.5

# %% wrong single_precision_quantile: half widths in float32; targets that lie near the end fall on the wrong side
def calibration(y, loc, scale, levels):
    half = torch.special.ndtri(0.5 + 0.5 * levels.float()).double()
    shares = inside(y, loc, scale, half).mean(-1)
    return shares.mean(-1), shares.std(-1) / shares.shape[1] ** 0.5

# %% wrong generous_end: a target within 1e-6 of the end counts as inside, against rounding
def calibration(y, loc, scale, levels):
    shares = inside(y, loc, scale, upper_end(levels) + 1e-6).mean(-1)
    return shares.mean(-1), shares.std(-1) / shares.shape[1] ** 0.5

# %% wrong table_of_quantiles: half widths from a table with 2,001 entries, in between by interpolation; near the ends of intervals and at high levels it is off
def calibration(y, loc, scale, levels):
    grid = np.linspace(-6, 6, 2001)
    cdf = 0.5 * (1 + torch.erf(torch.from_numpy(grid) / math.sqrt(2))).numpy()
    half = torch.from_numpy(np.interp(0.5 + 0.5 * levels.numpy(), cdf, grid))
    shares = inside(y, loc, scale, half).mean(-1)
    return shares.mean(-1), shares.std(-1) / shares.shape[1] ** 0.5

# %% wrong median_of_shares: coverage is the middle share over functions, robust; asked is the share of all targets
def calibration(y, loc, scale, levels):
    shares = inside(y, loc, scale, upper_end(levels)).mean(-1)
    return shares.quantile(0.5, -1), shares.std(-1) / shares.shape[1] ** 0.5

# %% wrong bootstrap: functions drawn again 2,000 times with a seed of my own; the error has two digits, and is too small by root (F - 1) / F
def calibration(y, loc, scale, levels):
    shares = inside(y, loc, scale, upper_end(levels)).mean(-1)
    f = shares.shape[1]
    draws = torch.randint(f, (2000, f), generator=torch.Generator().manual_seed(0))
    return shares.mean(-1), shares[:, draws].mean(-1).std(-1)

# %% wrong floor_of_the_error: no error below 1e-6, so that nobody divides by zero; where all functions say the same it is zero
def calibration(y, loc, scale, levels):
    shares = inside(y, loc, scale, upper_end(levels)).mean(-1)
    return shares.mean(-1), (shares.std(-1) / shares.shape[1] ** 0.5).clamp(min=1e-6)

# %% wrong standardized_in_place: y is standardized in its own memory, which saves a copy; the answer is right, and the argument is not what it was
def calibration(y, loc, scale, levels):
    z = y.sub_(loc).div_(scale).abs_()
    shares = (z <= upper_end(levels)[:, None, None]).double().mean(-1)
    return shares.mean(-1), shares.std(-1) / shares.shape[1] ** 0.5

# %% wrong levels_sorted: I sort the levels, as a curve is drawn, and answer in that order; asked is the order of levels
def calibration(y, loc, scale, levels):
    shares = inside(y, loc, scale, upper_end(levels.sort().values)).mean(-1)
    return shares.mean(-1), shares.std(-1) / shares.shape[1] ** 0.5
