import math

import numpy as np
import torch
from torch import Tensor

# %% right anchored: weights measured from the one whose power is largest (the max for a positive order, the min for a negative), expm1 and log1p for every alpha
def renyi(log_w, alpha):
    t = 1 - alpha
    if t == 0:
        return log_w.mean(0)
    anchor = log_w.amax(0) if t > 0 else log_w.amin(0)
    return anchor + torch.log1p(torch.expm1(t * (log_w - anchor)).mean(0)) / t

# %% right loops_numpy: datum by datum with math.fsum, cumulants to the fourth order where order times spread is below 1e-4
def renyi(log_w, alpha):
    t = 1 - alpha
    table = log_w.detach().numpy().reshape(len(log_w), -1)
    out = []
    for column in table.T.tolist():
        n = len(column)
        centre = math.fsum(column) / n
        d = [v - centre for v in column]
        if abs(t) * max(abs(v) for v in d) < 1e-4:
            m1, m2, m3, m4 = (math.fsum(v ** r for v in d) / n for r in (1, 2, 3, 4))
            out.append(centre + m1 + t * m2 / 2 + t * t * m3 / 6 + t ** 3 * (m4 - 3 * m2 * m2) / 24)
        else:
            top = max(d) if t > 0 else min(d)
            total = math.fsum(math.exp(t * (v - top)) for v in d)
            out.append(centre + top + (math.log(total) - math.log(n)) / t)
    return np.array(out).reshape(log_w.shape[1:])

# %% right area_of_tilted_means: the integral over u in (0, 1) of the mean log weight under softmax(u t log w) by Gauss-Legendre where t times spread is small, logsumexp elsewhere
def renyi(log_w, alpha):
    t = 1.0 - alpha
    centre = log_w.mean(0)
    d = log_w - centre
    nodes, chances = np.polynomial.legendre.leggauss(24)
    area = torch.zeros_like(centre)
    for u, c in zip((nodes + 1) / 2, chances / 2):
        area = area + c * (torch.softmax(u * t * d, 0) * d).sum(0)
    if t == 0:
        return centre + area
    top = d.amax(0) if t > 0 else d.amin(0)
    far = top + (torch.logsumexp(t * (d - top), 0) - math.log(len(d))) / t
    spread = d.amax(0) - d.amin(0)
    return centre + torch.where(abs(t) * spread < 2, area, far)

# %% wrong anchored_at_max: always measured from the largest weight, which overflows for alpha above one with weights far apart
def renyi(log_w, alpha):
    t = 1 - alpha
    if t == 0:
        return log_w.mean(0)
    top = log_w.amax(0)
    return top + torch.log1p(torch.expm1(t * (log_w - top)).mean(0)) / t

# %% wrong anchored_at_first: measured from the first weight ("relative to one of them"), which overflows where the first is far from the largest power
def renyi(log_w, alpha):
    t = 1 - alpha
    if t == 0:
        return log_w.mean(0)
    first = log_w[0]
    return first + torch.log1p(torch.expm1(t * (log_w - first)).mean(0)) / t

# %% wrong global_anchor: one anchor for the whole batch, so that a datum far from it underflows to -inf; right for a batch of one
def renyi(log_w, alpha):
    t = 1 - alpha
    if t == 0:
        return log_w.mean(0)
    anchor = log_w.max() if t > 0 else log_w.min()
    return anchor + torch.log1p(torch.expm1(t * (log_w - anchor)).mean(0)) / t

# %% wrong limit_too_wide: the mean log weight for every |1 - alpha| below 1e-6, off by order times variance / 2
def renyi(log_w, alpha):
    t = 1 - alpha
    if abs(t) < 1e-6:
        return log_w.mean(0)
    return (torch.logsumexp(t * log_w, 0) - math.log(len(log_w))) / t

# %% wrong second_order: mean plus t times variance / 2 within a thousandth of one; the third cumulant is missing, right for weights symmetric about their mean
def renyi(log_w, alpha):
    t = 1 - alpha
    if abs(t) <= 1e-3:
        return log_w.mean(0) + 0.5 * t * log_w.var(0, unbiased=False)
    return (torch.logsumexp(t * log_w, 0) - math.log(len(log_w))) / t

# %% wrong bessel: the first-order term near one has the variance with K - 1
def renyi(log_w, alpha):
    t = 1 - alpha
    if abs(t) <= 1e-5 and len(log_w) > 1:
        return log_w.mean(0) + 0.5 * t * log_w.var(0)
    anchor = log_w.amax(0) if t > 0 else log_w.amin(0)
    return anchor if t == 0 else anchor + torch.log1p(torch.expm1(t * (log_w - anchor)).mean(0)) / t

# %% wrong late_switch: expm1 only below 1e-10, so that between 1e-10 and 1e-9 the subtraction of log K has eaten the digits
def renyi(log_w, alpha):
    t = 1 - alpha
    if t == 0:
        return log_w.mean(0)
    if abs(t) < 1e-10:
        centre = log_w.mean(0)
        return centre + torch.log1p(torch.expm1(t * (log_w - centre)).mean(0)) / t
    return (torch.logsumexp(t * log_w, 0) - math.log(len(log_w))) / t

# %% wrong ends_cut: for |1 - alpha| of 100 and more the largest or the smallest log weight, without its log K / t
def renyi(log_w, alpha):
    t = 1 - alpha
    if abs(t) >= 100:
        return log_w.amax(0) if t > 0 else log_w.amin(0)
    if t == 0:
        return log_w.mean(0)
    anchor = log_w.amax(0) if t > 0 else log_w.amin(0)
    return anchor + torch.log1p(torch.expm1(t * (log_w - anchor)).mean(0)) / t

# %% wrong median_at_one: at alpha = 1 the median of the log weights; right for one or two samples and for symmetric ones
def renyi(log_w, alpha):
    t = 1 - alpha
    if t == 0:
        return torch.as_tensor(np.median(log_w.numpy(), 0))
    anchor = log_w.amax(0) if t > 0 else log_w.amin(0)
    return anchor + torch.log1p(torch.expm1(t * (log_w - anchor)).mean(0)) / t

# %% wrong flattened: works on (K, everything) and returns that one flat axis; a batch without axes comes back as (1)
def renyi(log_w, alpha):
    t = 1 - alpha
    log_w = log_w.reshape(len(log_w), -1)
    if t == 0:
        return log_w.mean(0)
    anchor = log_w.amax(0) if t > 0 else log_w.amin(0)
    return anchor + torch.log1p(torch.expm1(t * (log_w - anchor)).mean(0)) / t

# %% wrong centred_in_place: right numbers, but the anchor is taken from the caller's log weights in place
def renyi(log_w, alpha):
    t = 1 - alpha
    anchor = (log_w.amax(0) if t > 0 else log_w.amin(0)).clone()
    log_w -= anchor
    if t == 0:
        return anchor + log_w.mean(0)
    return anchor + torch.log1p(torch.expm1(t * log_w).mean(0)) / t

# %% wrong powers_of_scaled_weights: exponentiates weights over the largest and raises to the power; zero to a negative power where they lie 745 nats apart, overflow before that
def renyi(log_w, alpha):
    t = 1 - alpha
    top = log_w.amax(0)
    w = (log_w - top).exp()
    if abs(t) < 1e-4:
        d = log_w - log_w.mean(0)
        return log_w.mean(0) + (torch.log1p(torch.expm1(t * d).mean(0)) / t if t != 0 else 0)
    return top + (w ** t).mean(0).log() / t
