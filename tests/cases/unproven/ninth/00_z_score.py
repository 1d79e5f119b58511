import math

import torch
from torch import Tensor

# %% wrong difference_of_squares: takes the variance as mean of squares minus square of the mean, which loses all digits if the mean is large against the spread
def z_score(samples: Tensor, exact: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    R = samples.shape[0]
    mean = samples.mean(0)
    variance = (samples.square().mean(0) - mean.square()).clamp_min(1e-300) * R / (R - 1)
    se = (variance / R).sqrt()
    return mean, se, (mean - exact) / se


# %% wrong guarded_division: adds 1e-8 to the standard error before dividing, so that z of an estimate with small spread is too small
def z_score(samples: Tensor, exact: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    R = samples.shape[0]
    mean = samples.mean(0)
    se = samples.std(0) / math.sqrt(R)
    return mean, se, (mean - exact) / (se + 1e-8)


# %% wrong unbiased_deviation: corrects the standard deviation for its own small-sample bias (c4 of the quality-control books), which is not the standard error that was asked for
def z_score(samples: Tensor, exact: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    R = samples.shape[0]
    c_four = math.sqrt(2 / (R - 1)) * math.exp(math.lgamma(R / 2) - math.lgamma((R - 1) / 2))
    mean = samples.mean(0)
    se = samples.std(0) / c_four / math.sqrt(R)
    return mean, se, (mean - exact) / se
