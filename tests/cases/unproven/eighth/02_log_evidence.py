import numpy as np
import torch
from torch import Tensor

# %% right loop_of_expm: NumPy, datum by datum, everything measured as expm1 from the largest log weight, so that nearly equal weights keep their differences
def log_evidence(log_joint: Tensor, log_q: Tensor) -> tuple[Tensor, Tensor]:
    difference = (log_joint - log_q).detach()
    table = difference.cpu().double().numpy().reshape(difference.shape[0], -1)
    K, data = table.shape
    values, errors = np.empty(data), np.empty(data)
    for n in range(data):
        column = table[:, n]
        unit = column.max()
        excess = np.expm1(column - unit)          # the weight in its unit, minus one
        centre = excess.mean()
        values[n] = unit + np.log1p(centre)
        deviation = np.sqrt(np.sum((excess - centre) ** 2) / (K - 1))
        errors[n] = deviation / np.sqrt(K) / (1 + centre)
    shape = difference.shape[1:]
    return tuple(torch.as_tensor(each).reshape(shape).to(difference) for each in (values, errors))

# %% wrong two_moments: the variance as mean of squares minus square of the mean, which cancels to noise (or to zero) when all weights are nearly the same; it is the formula of every first course
def log_evidence(log_joint: Tensor, log_q: Tensor) -> tuple[Tensor, Tensor]:
    log_w = log_joint - log_q
    K = log_w.shape[0]
    value = torch.logsumexp(log_w, 0) - np.log(K)
    second = torch.logsumexp(2 * log_w, 0) - np.log(K)
    relative_variance = ((second - 2 * value).exp() - 1).clamp(min=0) * K / (K - 1)
    return value, (relative_variance / K).sqrt()

# %% wrong only_the_living: samples of weight zero are thrown out before averaging and counting, since -inf "is not a number to be averaged"
def log_evidence(log_joint: Tensor, log_q: Tensor) -> tuple[Tensor, Tensor]:
    log_w = log_joint - log_q
    alive = torch.isfinite(log_w)
    count = alive.sum(0).to(log_w.dtype)
    unit = log_w.amax(0)
    w = torch.where(alive, (log_w - unit).exp(), torch.zeros_like(log_w))
    mean = w.sum(0) / count
    spread = torch.where(alive, (w - mean).square(), torch.zeros_like(w)).sum(0) / (count - 1).clamp(min=1)
    return unit + mean.log(), (spread / count).sqrt() / mean

# %% wrong two_units: numerator and denominator are each put in a unit of their own before they are divided, so a sample at which both are far out becomes 0/0 and is lost
def log_evidence(log_joint: Tensor, log_q: Tensor) -> tuple[Tensor, Tensor]:
    K = log_joint.shape[0]
    top, bottom = log_joint.amax(0), log_q.amax(0)
    w = (log_joint - top).exp() / (log_q - bottom).exp()
    w = torch.nan_to_num(w, nan=0.0)
    mean = w.mean(0)
    return top - bottom + mean.log(), w.std(0) / K**0.5 / mean

# %% wrong spread_of_logs: the standard error of the mean of the log weights, taken for the first-order error of the log of the mean; the two agree only for nearly equal weights
def log_evidence(log_joint: Tensor, log_q: Tensor) -> tuple[Tensor, Tensor]:
    log_w = log_joint - log_q
    K = log_w.shape[0]
    value = torch.logsumexp(log_w, 0) - np.log(K)
    # "to first order log w moves like w": zero weights are set to the smallest that counts
    finite = torch.where(torch.isfinite(log_w), log_w, value - 30)
    return value, finite.std(0) / K**0.5
