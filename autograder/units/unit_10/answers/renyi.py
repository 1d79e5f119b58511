# %% right expm1: Relative to one of the weights; near order zero by expm1 and log1p.
import math

import torch


def renyi(log_w, alpha):
    power = 1.0 - alpha
    if power == 0:
        return log_w.mean(0)
    if abs(power) > 0.05:
        return (torch.logsumexp(power * log_w, 0) - math.log(log_w.shape[0])) / power
    pivot = log_w.max(0).values if power > 0 else log_w.min(0).values
    return pivot + torch.log1p(torch.expm1(power * (log_w - pivot)).mean(0)) / power


# %% right series: NumPy; where the order is tiny, by mean and variance of the log weights.
import numpy as np


def renyi(log_w, alpha):
    l, t = log_w.numpy(), 1 - alpha
    mean = l.mean(0)
    if abs(t) * np.abs(l - mean).max() < 1e-4:
        return mean + t * l.var(0) / 2
    a = t * (l - mean)
    top = a.max(0)
    return mean + (np.log(np.exp(a - top).mean(0)) + top) / t


# %% right loops: Datum by datum, with math alone.
import math

import torch


def renyi(log_w, alpha):
    flat = log_w.reshape(log_w.shape[0], -1)
    out = []
    for column in flat.T.tolist():
        power = 1.0 - alpha
        if power == 0.0:
            out.append(sum(column) / len(column))
            continue
        top = max(column) if power > 0 else min(column)
        total = math.fsum(math.expm1(power * (one - top)) for one in column) / len(column)
        out.append(top + math.log1p(total) / power)
    return torch.tensor(out, dtype=torch.float64).reshape(log_w.shape[1:])


# %% wrong power_alpha, from right expm1: The weights to the power alpha.
# diagnosis: order_alpha
#-     power = 1.0 - alpha
#-     if power == 0:
#+     power = alpha
#+     if power == 0:


# %% wrong summed, from right expm1: A sum in place of a mean.
# diagnosis: sum_not_mean
#-         return (torch.logsumexp(power * log_w, 0) - math.log(log_w.shape[0])) / power
#+         return torch.logsumexp(power * log_w, 0) / power


# %% wrong log_k_outside, from right expm1: log K is not divided by the order.
# diagnosis: count_outside
#-         return (torch.logsumexp(power * log_w, 0) - math.log(log_w.shape[0])) / power
#+         return torch.logsumexp(power * log_w, 0) / power - math.log(log_w.shape[0])


# %% wrong undivided, from right expm1: The logarithm is not divided by the order.
# diagnosis: not_divided
#-         return (torch.logsumexp(power * log_w, 0) - math.log(log_w.shape[0])) / power
#+         return torch.logsumexp(power * log_w, 0) - math.log(log_w.shape[0])


# %% wrong mirrored, from right expm1: The order has the other sign.
# diagnosis: alpha_mirrored
#-     power = 1.0 - alpha
#+     power = alpha - 1.0


# %% wrong no_limit, from right expm1: alpha = 1 is 0 / 0.
# diagnosis: not_finite
def renyi(log_w, alpha):
    power = torch.tensor(1.0 - alpha, dtype=log_w.dtype)
    return (torch.logsumexp(power * log_w, 0) - math.log(log_w.shape[0])) / power


import math

import torch


# %% wrong cancelled, from right expm1: The formula for other orders is used all the way to one, and loses its digits.
# diagnosis: value
#-     if abs(power) > 0.05:
#+     if abs(power) > 0:


# %% wrong mean_nearby, from right expm1: Near one the mean log weight is taken, a little too early.
# diagnosis: elbo
#-     if power == 0:
#-         return log_w.mean(0)
#+     if abs(power) < 0.05:
#+         return log_w.mean(0)


# %% wrong exponentiated, from right expm1: The weights are exponentiated before they are averaged.
# diagnosis: not_finite
#-         return (torch.logsumexp(power * log_w, 0) - math.log(log_w.shape[0])) / power
#+         return (log_w.exp() ** power).mean(0).log() / power
