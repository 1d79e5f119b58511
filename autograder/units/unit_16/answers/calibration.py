# %% right tensors: All levels at once; the shares of functions, their mean and its error.
import torch


def calibration(y, loc, scale, levels):
    width = torch.special.ndtri((1 + levels) / 2)
    inside = ((y - loc).abs() <= width[:, None, None] * scale).double()
    shares = inside.mean(-1)
    return shares.mean(-1), shares.std(-1) / shares.shape[-1] ** 0.5


# %% right loops: One level, one function, one target at a time, with Python's own normal.
import statistics


def calibration(y, loc, scale, levels):
    coverage, errors = [], []
    for level in levels.tolist():
        normal = statistics.NormalDist()
        low, high = normal.inv_cdf(0.5 - level / 2), normal.inv_cdf(0.5 + level / 2)
        shares = []
        for row, middle, width in zip(y.tolist(), loc.tolist(), scale.tolist()):
            hits = [low <= (a - m) / s <= high for a, m, s in zip(row, middle, width)]
            shares.append(sum(hits) / len(hits))
        coverage.append(sum(shares) / len(shares))
        errors.append(statistics.stdev(shares) / len(shares) ** 0.5)
    return coverage, errors


# %% right ranks: The level that each target would need, from its probability; NumPy and SciPy.
import numpy as np
from scipy.special import erf


def calibration(y, loc, scale, levels):
    needed = erf(np.abs(y.numpy() - loc.numpy()) / scale.numpy() / np.sqrt(2))
    inside = needed[None] <= levels.numpy()[:, None, None]
    shares = inside.mean(axis=2)
    deviation = shares - shares.mean(axis=1, keepdims=True)
    functions = shares.shape[1]
    return shares.mean(1), np.sqrt((deviation**2).sum(1) / (functions * (functions - 1)))


# %% wrong below, from right tensors: Targets below a quantile.
# diagnosis: one_sided
#-     width = torch.special.ndtri((1 + levels) / 2)
#-     inside = ((y - loc).abs() <= width[:, None, None] * scale).double()
#+     inside = (y - loc <= torch.special.ndtri(levels)[:, None, None] * scale).double()


# %% wrong quantile, from right tensors: The quantile of the level is taken for the width.
# diagnosis: level_as_quantile
#-     width = torch.special.ndtri((1 + levels) / 2)
#+     width = torch.special.ndtri(levels)


# %% wrong variance, from right tensors: scale is read as a variance.
# diagnosis: scale_as_variance
#-     inside = ((y - loc).abs() <= width[:, None, None] * scale).double()
#+     inside = ((y - loc).abs() <= width[:, None, None] * scale.sqrt()).double()


# %% wrong outside_share, from right loops: The share outside.
# diagnosis: outside
#-             hits = [low <= (a - m) / s <= high for a, m, s in zip(row, middle, width)]
#+             hits = [not low <= (a - m) / s <= high for a, m, s in zip(row, middle, width)]


# %% wrong binomial, from right tensors: A binomial error over all targets.
# diagnosis: targets_independent
#-     return shares.mean(-1), shares.std(-1) / shares.shape[-1] ** 0.5
#+     share = inside.mean((1, 2))
#+     return share, (share * (1 - share) / y.numel()) ** 0.5


# %% wrong of_all_entries, from right tensors: The standard deviation of all hits.
# diagnosis: targets_independent_unbiased
#-     return shares.mean(-1), shares.std(-1) / shares.shape[-1] ** 0.5
#+     return shares.mean(-1), inside.flatten(1).std(-1) / y.numel() ** 0.5


# %% wrong no_root, from right tensors: The standard deviation of the shares.
# diagnosis: spread_for_error
#-     return shares.mean(-1), shares.std(-1) / shares.shape[-1] ** 0.5
#+     return shares.mean(-1), shares.std(-1)


# %% wrong numpy_std, from right tensors: NumPy's standard deviation, divided by the number.
# diagnosis: divided_by_the_number
#-     return shares.mean(-1), shares.std(-1) / shares.shape[-1] ** 0.5
#+     return shares.mean(-1), shares.std(-1, correction=0) / shares.shape[-1] ** 0.5


# %% wrong other_axis, from right tensors: Shares of targets, over functions.
# diagnosis: over_targets
#-     return shares.mean(-1), shares.std(-1) / shares.shape[-1] ** 0.5
#+     columns = inside.mean(1)
#+     return columns.mean(-1), columns.std(-1) / columns.shape[-1] ** 0.5


# %% wrong nominal, from right tensors: The levels themselves.
# diagnosis: levels_returned
#-     return shares.mean(-1), shares.std(-1) / shares.shape[-1] ** 0.5
#+     return levels.clone(), shares.std(-1) / shares.shape[-1] ** 0.5


# %% wrong single, from right tensors: In single precision.
# diagnosis: value
#-     width = torch.special.ndtri((1 + levels) / 2)
#+     y, loc, scale, levels = (each.float() for each in (y, loc, scale, levels))
#+     width = torch.special.ndtri((1 + levels) / 2)
