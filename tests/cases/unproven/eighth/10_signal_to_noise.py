import math

import torch
from torch import Tensor

# %% right influence_of_one_sample: everything from one number a sample, its slope less the ratio times its weight, parameter by parameter with vmap
def signal_and_noise(chance: Tensor, w: Tensor, slopes: Tensor, num_samples: int) -> tuple[Tensor, Tensor]:
    unit = w / torch.dot(chance, w)
    scaled = slopes / torch.dot(chance, w)

    def one(column):
        ratio = torch.dot(chance, column)
        off = column - ratio * unit
        return ratio - torch.dot(chance, off * unit) / num_samples, torch.dot(chance, off.square()).div(num_samples).sqrt()

    mean, deviation = torch.vmap(one, in_dims=1)(scaled)
    return mean, deviation


# %% wrong finite_population: corrects the variances by (N - K)/(N - 1), as for draws without replacement from the table
def signal_and_noise(chance: Tensor, w: Tensor, slopes: Tensor, num_samples: int) -> tuple[Tensor, Tensor]:
    n = len(chance)
    left = max(n - num_samples, 0) / max(n - 1, 1)
    mu = chance @ w
    ratio = chance @ slopes / mu
    off = (slopes - ratio * w[:, None]) / mu
    mean = ratio - left * (chance @ (off * (w / mu)[:, None])) / num_samples
    return mean, (left * (chance @ off.square()) / num_samples).sqrt()


# %% wrong independent_errors: numerator and denominator are given their own noise and no covariance, which is right where the mean slope is zero
def signal_and_noise(chance: Tensor, w: Tensor, slopes: Tensor, num_samples: int) -> tuple[Tensor, Tensor]:
    mu = chance @ w
    v, s = w / mu, slopes / mu
    ratio = chance @ s
    covariance = chance @ ((s - ratio) * (v - 1)[:, None])
    spread = chance @ (v - 1).square()
    mean = ratio + (ratio * spread - covariance) / num_samples
    return mean, ((chance @ (s - ratio).square() + ratio.square() * spread) / num_samples).sqrt()


# %% wrong raw_product: the mean of slope times weight stands where their covariance belongs; the two are one for parameters of q, and differ for those of the model
def signal_and_noise(chance: Tensor, w: Tensor, slopes: Tensor, num_samples: int) -> tuple[Tensor, Tensor]:
    mu = chance @ w
    v, s = w / mu, slopes / mu
    ratio = chance @ s
    product = chance @ (s * v[:, None])
    spread = chance @ (v - 1).square()
    mean = ratio * (1 + spread / num_samples) - product / num_samples
    return mean, (chance @ (s - ratio * v[:, None]).square() / num_samples).sqrt()


# %% wrong corrected_ratio: corrects numerator and denominator each to first order and divides them, "more exact", which brings terms in 1/K squared that were not asked
def signal_and_noise(chance: Tensor, w: Tensor, slopes: Tensor, num_samples: int) -> tuple[Tensor, Tensor]:
    mu = chance @ w
    v, s = w / mu, slopes / mu
    ratio = chance @ s
    covariance = chance @ ((s - ratio) * (v - 1)[:, None])
    spread = chance @ (v - 1).square()
    mean = (ratio - covariance / num_samples) / (1 - spread / num_samples)
    return mean, (chance @ (s - ratio * v[:, None]).square() / num_samples).sqrt()
