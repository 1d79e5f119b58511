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
# diagnosis: value or described or dictionary
#-     width = torch.special.ndtri((1 + levels) / 2)
#+     y, loc, scale, levels = (each.float() for each in (y, loc, scale, levels))
#+     width = torch.special.ndtri((1 + levels) / 2)


# %% wrong table_of_widths, from right tensors: The widths from a table, and between its entries by a straight line.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     width = torch.special.ndtri((1 + levels) / 2)
#+     grid = torch.linspace(0.0005, 0.99995, 2000, dtype=torch.float64)
#+     table = torch.special.ndtri((1 + grid) / 2)
#+     at = torch.searchsorted(grid, levels).clamp(1, 1999)
#+     share = (levels - grid[at - 1]) / (grid[at] - grid[at - 1])
#+     width = table[at - 1] + share * (table[at] - table[at - 1])


# %% wrong single_width, from right tensors: The widths in single precision.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     width = torch.special.ndtri((1 + levels) / 2)
#+     width = torch.special.ndtri((1 + levels.float()) / 2).double()


# %% wrong clamped_levels, from right tensors: Levels are kept between one and 99 percent.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     width = torch.special.ndtri((1 + levels) / 2)
#+     width = torch.special.ndtri((1 + levels.clamp(0.01, 0.99)) / 2)


# %% wrong axes_exchanged, from right tensors: The shares of targets.
# diagnosis: over_targets or value or described or dictionary or autopsy or not_finite or either
#-     shares = inside.mean(-1)
#+     shares = inside.mean(-2)


# %% wrong open_below, from right tensors: Targets above the mean alone, counted twice.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     inside = ((y - loc).abs() <= width[:, None, None] * scale).double()
#+     inside = 2 * ((y > loc) & (y - loc <= width[:, None, None] * scale)).double()


# %% wrong mean_scale, from right tensors: One scale for each function, the mean of its targets'.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     inside = ((y - loc).abs() <= width[:, None, None] * scale).double()
#+     inside = ((y - loc).abs() <= width[:, None, None] * scale.mean(-1, keepdim=True)).double()


# %% wrong least_scale, from right tensors: Scales are kept above a hundredth.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     inside = ((y - loc).abs() <= width[:, None, None] * scale).double()
#+     inside = ((y - loc).abs() <= width[:, None, None] * scale.clamp(min=1e-2)).double()


# %% wrong small_margin, from right tensors: A millionth is added to the scale.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     inside = ((y - loc).abs() <= width[:, None, None] * scale).double()
#+     inside = ((y - loc).abs() <= width[:, None, None] * (scale + 1e-6)).double()


# %% wrong levels_sorted, from right tensors: The levels are sorted first.
# diagnosis: value or described or dictionary or autopsy or not_finite or either or generic_order
#-     width = torch.special.ndtri((1 + levels) / 2)
#+     width = torch.special.ndtri((1 + levels.sort().values) / 2)


# %% wrong around_the_level, from right tensors: The spread of the shares around the level, and not around their mean.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     return shares.mean(-1), shares.std(-1) / shares.shape[-1] ** 0.5
#+     off = (shares - levels[:, None]).square().mean(-1)
#+     return shares.mean(-1), (off / (shares.shape[-1] - 1)).sqrt()


# %% wrong seeded_bootstrap, from right tensors: The error from two hundred functions drawn with replacement.
# diagnosis: value or described or dictionary or autopsy or not_finite or either
#-     return shares.mean(-1), shares.std(-1) / shares.shape[-1] ** 0.5
#+     drawn = torch.Generator().manual_seed(0)
#+     rows = torch.randint(shares.shape[-1], (200, shares.shape[-1]), generator=drawn)
#+     return shares.mean(-1), shares[:, rows].mean(-1).std(-1)
