import math

import torch
from torch import Tensor

# %% right covariance_of_each_row: flattens the entries, asks torch.cov of every entry's row of replicates for its variance, and folds back
def z_score(samples: Tensor, exact: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    R, S = samples.shape[0], samples.shape[1:]
    rows = samples.reshape(R, -1).movedim(0, 1)
    variances = torch.stack([torch.cov(row) for row in rows]) if len(rows) else samples.new_zeros(0)
    mean = torch.einsum("r...->...", samples) / R
    se = (variances / R).sqrt().reshape(S)
    return mean, se, (mean - exact) / se

# %% wrong scatter_about_exact: measures the squared distances from the exact answer, since "that is the true mean"; right only when the mean happens to be exact
def z_score(samples: Tensor, exact: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    R = samples.shape[0]
    mean = samples.mean(0)
    se = (((samples - exact) ** 2).sum(0) / (R * (R - 1))).sqrt()
    return mean, se, (mean - exact) / se

# %% wrong outliers_removed: pulls replicates beyond four standard deviations back to that border before anything is computed, as a laboratory course taught; no change on tame noise, another mean and error under heavy tails
def z_score(samples: Tensor, exact: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    R = samples.shape[0]
    center, spread = samples.mean(0), samples.std(0)
    kept = torch.minimum(torch.maximum(samples, center - 4 * spread), center + 4 * spread)
    mean = kept.mean(0)
    se = kept.std(0) / math.sqrt(R)
    return mean, se, (mean - exact) / se

# %% wrong epsilon_in_denominator: adds 1e-10 to the standard error before dividing, although no entry is constant; halves z and worse for estimates with a small spread
def z_score(samples: Tensor, exact: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    R = samples.shape[0]
    mean = samples.mean(0)
    se = samples.std(0) / math.sqrt(R)
    return mean, se, (mean - exact) / (se + 1e-10)

# %% wrong mean_of_squares: the variance as mean square minus squared mean, with the factor R / (R - 1); cancels when the spread is small beside the mean
def z_score(samples: Tensor, exact: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    R = samples.shape[0]
    mean = samples.mean(0)
    variance = ((samples ** 2).mean(0) - mean ** 2).clamp(min=1e-300) * R / (R - 1)
    se = (variance / R).sqrt()
    return mean, se, (mean - exact) / se
