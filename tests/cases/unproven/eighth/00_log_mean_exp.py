import math

import torch
from torch import Tensor

# %% right folding_in_half: add the first half of the samples to the second half by logaddexp until one row is left
def log_mean_exp(log_w: Tensor) -> Tensor:
    count = log_w.shape[0]
    rows = log_w
    while rows.shape[0] > 1:
        half = rows.shape[0] // 2
        folded = torch.logaddexp(rows[:half], rows[half:2 * half])
        rows = torch.cat([folded, rows[2 * half:]])
    return rows[0] - math.log(count)

# %% wrong shift_by_mean: takes out the mean logarithm (of the finite ones) in place of the largest; harmless under common shifts, but overflows when one weight towers over the mean by more than 709
def log_mean_exp(log_w: Tensor) -> Tensor:
    finite = torch.isfinite(log_w)
    total = torch.where(finite, log_w, torch.zeros_like(log_w)).sum(0)
    center = total / finite.sum(0).clamp(min=1)
    return torch.log(torch.exp(log_w - center).mean(0)) + center

# %% wrong zeros_not_counted: drops samples of weight zero from the count as if they were missing values, so the mean is over the positive weights only
def log_mean_exp(log_w: Tensor) -> Tensor:
    alive = (log_w > -math.inf).sum(0).clamp(min=1)
    return torch.logsumexp(log_w, 0) - torch.log(alive.to(log_w.dtype))

# %% wrong epsilon_in_the_log: a small number inside the logarithm "for safety", after a correct shift; costs K * 1e-8 of the answer
def log_mean_exp(log_w: Tensor) -> Tensor:
    top = log_w.max(0).values
    safe = torch.where(torch.isinf(top), torch.zeros_like(top), top)
    inside = torch.exp(log_w - safe).mean(0)
    answer = torch.log(inside + 1e-8) + safe
    return torch.where(torch.isinf(top), top, answer)

# %% wrong squeeze_all: keeps the sample axis for broadcasting and removes it by a bare squeeze, which also removes batch axes of length one
def log_mean_exp(log_w: Tensor) -> Tensor:
    top = log_w.amax(0, keepdim=True)
    top = torch.where(torch.isinf(top), torch.zeros_like(top), top)
    return (torch.exp(log_w - top).mean(0, keepdim=True).log() + top).squeeze()
