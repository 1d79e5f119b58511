import math
import torch
from torch import Tensor

# %% right numpy: numpy with ddof one
import numpy as np
def z_score(samples, exact):
    a = samples.detach().numpy()
    mean = a.mean(axis=0)
    se = a.std(axis=0, ddof=1) / np.sqrt(a.shape[0])
    z = (mean - exact.detach().numpy()) / se
    return tuple(torch.as_tensor(np.asarray(v)) for v in (mean, se, z))

# %% right welford: one pass over the replicates by Welford's update
def z_score(samples, exact):
    mean, m2 = torch.zeros_like(samples[0]), torch.zeros_like(samples[0])
    for r, g in enumerate(samples, start=1):
        delta = g - mean
        mean = mean + delta / r
        m2 = m2 + delta * (g - mean)
    se = (m2 / (len(samples) * (len(samples) - 1))).sqrt()
    return mean, se, (mean - exact) / se

# %% right biased_std: the standard deviation that divides by R, over the root of R - 1, is the same number
def z_score(samples, exact):
    mean = samples.mean(0)
    se = samples.std(0, correction=0) / math.sqrt(samples.shape[0] - 1)
    return mean, se, (mean - exact) / se

# %% wrong raw_moments: variance as mean of squares minus square of mean, which cancels for a large mean and a small spread
def z_score(samples, exact):
    r = samples.shape[0]
    mean = samples.mean(0)
    variance = (samples.square().mean(0) - mean.square()).clamp(min=0) * r / (r - 1)
    se = (variance / r).sqrt()
    return mean, se, (mean - exact) / se

# %% wrong epsilon: an epsilon in the denominator, which kills z for tiny spreads
def z_score(samples, exact):
    mean = samples.mean(0)
    se = samples.std(0) / samples.shape[0] ** 0.5
    return mean, se, (mean - exact) / (se + 1e-6)

# %% wrong about_exact: the spread is measured about the exact answer instead of the mean
def z_score(samples, exact):
    r = samples.shape[0]
    mean = samples.mean(0)
    se = ((samples - exact).square().sum(0) / (r * (r - 1))).sqrt()
    return mean, se, (mean - exact) / se

# %% wrong pooled: one standard error, pooled over all entries
def z_score(samples, exact):
    mean = samples.mean(0)
    variance = (samples - mean).square().sum(0) / (samples.shape[0] - 1)
    se = (variance.mean() / samples.shape[0]).sqrt().expand_as(mean)
    return mean, se, (mean - exact) / se

# %% wrong overwrites: centres the samples in place, so the caller's replicates change
# not told: the returned value is wrong
def z_score(samples, exact):
    mean = samples.mean(0)
    samples -= mean
    se = (samples.square().sum(0) / (samples.shape[0] * (samples.shape[0] - 1))).sqrt()
    return mean, se, (mean - exact) / se

# %% wrong half_degrees: divides the sum of squares by R (R - 2), a few per cent off for few replicates
def z_score(samples, exact):
    r = samples.shape[0]
    mean = samples.mean(0)
    se = ((samples - mean).square().sum(0) / (r * (r - 2))).sqrt()
    return mean, se, (mean - exact) / se

# %% wrong winsorized: outliers beyond four standard deviations are clipped before averaging
def z_score(samples, exact):
    centre, spread = samples.mean(0), samples.std(0)
    samples = torch.minimum(torch.maximum(samples, centre - 4 * spread), centre + 4 * spread)
    mean = samples.mean(0)
    se = samples.std(0) / samples.shape[0] ** 0.5
    return mean, se, (mean - exact) / se

# %% wrong flattened: the three results come back flat, right for a number or a row of entries only
def z_score(samples, exact):
    flat = samples.reshape(samples.shape[0], -1)
    mean = flat.mean(0)
    se = flat.std(0) / samples.shape[0] ** 0.5
    return mean, se, (mean - exact.reshape(-1)) / se
