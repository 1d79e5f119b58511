import math

import torch
from torch import Tensor

# %% wrong zero_weights_not_counted: averages over the weights that are not zero only; a student masks the infinities away before counting, but a zero weight is a sample, too
def log_mean_exp(log_w: Tensor) -> Tensor:
    alive = torch.isfinite(log_w).sum(0).clamp_min(1)
    return torch.logsumexp(log_w, 0) - alive.to(log_w.dtype).log()


# %% wrong infinities_made_finite: replaces minus infinity by the smallest double to avoid NaN, so that all weights zero gives -1.8e308 and not minus infinity
def log_mean_exp(log_w: Tensor) -> Tensor:
    log_w = torch.nan_to_num(log_w)
    top = log_w.max(0).values
    return top + (log_w - top).exp().mean(0).log()


# %% wrong shift_by_the_mean: takes out the average log weight of each datum instead of the largest, which overflows where the weights of one datum are more than some 1400 nats apart
def log_mean_exp(log_w: Tensor) -> Tensor:
    finite = torch.isfinite(log_w)
    count = finite.sum(0).clamp_min(1)
    centre = torch.where(finite, log_w, torch.zeros_like(log_w)).sum(0) / count
    return centre + (log_w - centre).exp().mean(0).log()
