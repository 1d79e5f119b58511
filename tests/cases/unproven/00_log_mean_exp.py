import math
import torch
from torch import Tensor

# %% right numpy_logaddexp: reduces with numpy.logaddexp along the sample axis
import numpy as np
def log_mean_exp(log_w):
    a = log_w.detach().cpu().numpy()
    return torch.as_tensor(np.asarray(np.logaddexp.reduce(a, axis=0)) - math.log(a.shape[0])).to(log_w.dtype)

# %% right fold: folds torch.logaddexp over the samples
def log_mean_exp(log_w):
    total = log_w[0]
    for row in log_w[1:]:
        total = torch.logaddexp(total, row)
    return total - math.log(len(log_w))

# %% wrong global_max: one shift for the whole batch, so data far below the largest underflow
def log_mean_exp(log_w):
    m = log_w.max()
    m = m if torch.isfinite(m) else torch.zeros_like(m)
    return m + (log_w - m).exp().mean(0).log()

# %% wrong counts_nonzero: zero weights are left out of the count K, so the mean is over the positive weights only
def log_mean_exp(log_w):
    k = torch.isfinite(log_w).sum(0).clamp(min=1)
    return torch.logsumexp(log_w, 0) - k.to(log_w.dtype).log()

# %% wrong squeezed: squeezes first, so one sample or a batch axis of size one loses its axis
def log_mean_exp(log_w):
    log_w = log_w.squeeze()
    return torch.logsumexp(log_w, 0) - math.log(log_w.shape[0])

# %% wrong finite_start: folds from -1000 as if that were minus infinity
def log_mean_exp(log_w):
    total = torch.full_like(log_w[0], -1000.0)
    for row in log_w:
        total = torch.logaddexp(total, row)
    return total - math.log(len(log_w))

# %% wrong floor: a floor inside the logarithm turns an average of zero weights into a finite number
def log_mean_exp(log_w):
    m = log_w.max(0).values
    m = torch.where(torch.isfinite(m), m, torch.zeros_like(m))
    return m + (log_w - m).exp().mean(0).clamp(min=1e-30).log()

# %% wrong single_precision: computes in float32, which at 10,000 has only three decimals
def log_mean_exp(log_w):
    a = log_w.float()
    return (torch.logsumexp(a, 0) - math.log(a.shape[0])).to(log_w.dtype)

# %% wrong overwrites: the maximum is subtracted in place, so the caller's log weights change
# not told: the returned value is wrong
def log_mean_exp(log_w):
    m = log_w.max(0).values
    m = torch.where(torch.isfinite(m), m, torch.zeros_like(m))
    log_w -= m
    return m + log_w.exp().mean(0).log()

# %% wrong clamped: clamps log weights at plus and minus 700 so that exp is safe
def log_mean_exp(log_w):
    return log_w.clamp(-700, 700).exp().mean(0).log()

# %% wrong nan_to_zero: repairs the NaN of all-zero weights with nan_to_num, which says 0 and not minus infinity
def log_mean_exp(log_w):
    m = log_w.max(0).values
    return torch.nan_to_num(m + (log_w - m).exp().mean(0).log(), nan=0.0, neginf=float("-inf"))
