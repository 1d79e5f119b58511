import math
import numpy as np
import torch
from torch import Tensor


# %% right numpy_ddof: NumPy with ddof=1
def z_score(samples: Tensor, exact: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    a = samples.detach().numpy()
    mean = torch.as_tensor(a.mean(0))
    se = torch.as_tensor(a.std(0, ddof=1) / np.sqrt(a.shape[0]))
    return mean, se, (mean - exact) / se


# %% right welford: one pass with running mean and running sum of squares
def z_score(samples: Tensor, exact: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    mean = torch.zeros_like(samples[0])
    m2 = torch.zeros_like(samples[0])
    for r, g in enumerate(samples, 1):
        delta = g - mean
        mean = mean + delta / r
        m2 = m2 + delta * (g - mean)
    R = samples.shape[0]
    se = (m2 / (R * (R - 1))).sqrt()
    return mean, se, (mean - exact) / se


# %% right biased_then_r_minus_one: the variance divided by R, its root divided by root of R - 1
def z_score(samples: Tensor, exact: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    mean = samples.mean(dim=0)
    se = samples.std(dim=0, unbiased=False) / math.sqrt(len(samples) - 1)
    return mean, se, (mean - exact) / se


# %% wrong one_pass: mean of squares minus square of mean, which cancels for a large mean
def z_score(samples: Tensor, exact: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    R = samples.shape[0]
    mean = samples.mean(0)
    se = ((samples.square().mean(0) - mean.square()).clamp(min=0) / (R - 1)).sqrt()
    return mean, se, (mean - exact) / se


# %% wrong population_std: divides by R instead of R - 1
def z_score(samples: Tensor, exact: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    R = samples.shape[0]
    mean = samples.mean(0)
    se = samples.std(0, correction=0) / R**0.5
    return mean, se, (mean - exact) / se


# %% wrong eps_in_z: 1e-8 in the denominator "against division by zero"
def z_score(samples: Tensor, exact: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    mean = samples.mean(0)
    se = samples.std(0) / math.sqrt(samples.shape[0])
    return mean, se, (mean - exact) / (se + 1e-8)


# %% wrong clamped_se: a standard error below 1e-6 is raised to it
def z_score(samples: Tensor, exact: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    mean = samples.mean(0)
    se = (samples.std(0) / math.sqrt(samples.shape[0])).clamp(min=1e-6)
    return mean, se, (mean - exact) / se


# %% wrong one_error_for_all: one standard deviation over the whole table, right for (R,)
def z_score(samples: Tensor, exact: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    R = samples.shape[0]
    mean = samples.mean(0)
    d = samples - mean
    se = (d.square().sum() / (d.numel() - d[0].numel()) / R).sqrt().expand_as(mean)
    return mean, se, (mean - exact) / se


# %% wrong counts_everything: the root of numel instead of the root of R
def z_score(samples: Tensor, exact: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    mean = samples.mean(0)
    se = samples.std(0) / math.sqrt(samples.numel())
    return mean, se, (mean - exact) / se


# %% wrong sign_lost: the distance is taken without its sign
def z_score(samples: Tensor, exact: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    mean = samples.mean(0)
    se = samples.std(0) / math.sqrt(samples.shape[0])
    return mean, se, (mean - exact).abs() / se


# %% wrong flattened: entries of a table with two axes come back in one row
def z_score(samples: Tensor, exact: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    samples = samples.reshape(samples.shape[0], -1)
    mean = samples.mean(0)
    se = samples.std(0) / math.sqrt(samples.shape[0])
    return mean, se, (mean - exact.reshape(-1)) / se


# %% wrong single_precision: computes in float32
def z_score(samples: Tensor, exact: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    s = samples.float()
    mean = s.mean(0)
    se = s.std(0) / math.sqrt(s.shape[0])
    return mean.to(exact.dtype), se.to(exact.dtype), ((mean - exact.float()) / se).to(exact.dtype)


# %% wrong bootstrap: the standard error from 200 bootstrap resamples, noisy by five per cent
def z_score(samples: Tensor, exact: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    R = samples.shape[0]
    g = torch.Generator().manual_seed(0)
    means = torch.stack([samples[torch.randint(R, (R,), generator=g)].mean(0) for _ in range(200)])
    mean, se = samples.mean(0), means.std(0)
    return mean, se, (mean - exact) / se


# %% wrong outliers_dropped: replicates beyond four standard deviations are pulled in before averaging
def z_score(samples: Tensor, exact: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    m, s = samples.mean(0), samples.std(0)
    kept = torch.minimum(torch.maximum(samples, m - 4 * s), m + 4 * s)
    mean = kept.mean(0)
    se = kept.std(0) / math.sqrt(samples.shape[0])
    return mean, se, (mean - exact) / se


# %% wrong error_under_null: squares are taken about the exact answer, not about the mean
def z_score(samples: Tensor, exact: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    R = samples.shape[0]
    mean = samples.mean(0)
    se = ((samples - exact).square().sum(0) / (R * (R - 1))).sqrt()
    return mean, se, (mean - exact) / se


# %% wrong last_axis: averages over the last axis if the table is square
def z_score(samples: Tensor, exact: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    axis = [a for a in range(samples.ndim) if samples.shape[a] == max(samples.shape)][-1]
    if samples.shape[axis] != samples.shape[0]:
        axis = 0
    mean = samples.mean(axis)
    se = samples.std(axis) / math.sqrt(samples.shape[axis])
    return mean, se, (mean - exact) / se
