import math
import numpy as np
import torch
from torch import Tensor


# %% right online: a running logaddexp over the samples, one after another
def log_mean_exp(log_w: Tensor) -> Tensor:
    total = torch.full_like(log_w[0], -math.inf)
    for row in log_w:
        total = torch.logaddexp(total, row)
    return total - math.log(len(log_w))


# %% right numpy_reduce: NumPy's ufunc reduction, back to torch
def log_mean_exp(log_w: Tensor) -> Tensor:
    a = log_w.detach().cpu().numpy()
    return torch.as_tensor(np.logaddexp.reduce(a, axis=0) - np.log(a.shape[0]), dtype=log_w.dtype)


# %% right sorted_shift: sorts, shifts by the last, and replaces an infinite shift by zero
def log_mean_exp(log_w: Tensor) -> Tensor:
    ordered = log_w.sort(0).values
    shift = ordered[-1]
    shift = torch.where(shift.isinf(), torch.zeros_like(shift), shift)
    return (ordered - shift).exp().mean(0).log() + shift


# %% wrong global_max: shifts by the largest entry of the whole tensor, so that a datum far below another underflows
def log_mean_exp(log_w: Tensor) -> Tensor:
    m = log_w.max()
    if torch.isinf(m):
        m = torch.zeros_like(m)
    return (log_w - m).exp().mean(0).log() + m


# %% wrong count_from_last_axis: K is numel over the last axis: right for (K, B), wrong for (K,) and for two batch axes
def log_mean_exp(log_w: Tensor) -> Tensor:
    return torch.logsumexp(log_w, 0) - math.log(log_w.numel() / log_w.shape[-1])


# %% wrong finite_only: a zero weight is left out of the mean instead of being averaged in
def log_mean_exp(log_w: Tensor) -> Tensor:
    n = torch.isfinite(log_w).sum(0).clamp(min=1)
    return torch.logsumexp(log_w, 0) - n.to(log_w.dtype).log()


# %% wrong max_when_large: for large exponents keeps only the largest weight
def log_mean_exp(log_w: Tensor) -> Tensor:
    m = log_w.amax(0)
    exact = log_w.exp().mean(0).log()
    return torch.where(m.abs() < 600, exact, m - math.log(log_w.shape[0]))


# %% wrong eps_in_log: adds 1e-6 inside the logarithm "for stability"
def log_mean_exp(log_w: Tensor) -> Tensor:
    m = log_w.amax(0)
    m = torch.where(m == -math.inf, torch.zeros_like(m), m)
    mean = (log_w - m).exp().mean(0)
    return torch.where(mean == 0, torch.full_like(mean, -math.inf), m + (mean + 1e-6).log())


# %% wrong clamped_below: clamps log weights at -1e5, so that all-zero weights give -1e5
def log_mean_exp(log_w: Tensor) -> Tensor:
    return torch.logsumexp(log_w.clamp(min=-1e5), 0) - math.log(log_w.shape[0])


# %% wrong nan_to_num: cleans the result, and with it the -inf that is asked for
def log_mean_exp(log_w: Tensor) -> Tensor:
    m = log_w.max(0).values
    return torch.nan_to_num(m + (log_w - m).exp().mean(0).log(), nan=0.0)


# %% wrong squeezed: drops every axis of length one, a batch of one included
def log_mean_exp(log_w: Tensor) -> Tensor:
    return (torch.logsumexp(log_w, 0, keepdim=True) - math.log(log_w.shape[0])).squeeze()


# %% wrong guard_for_all_data: looks for all-zero weights in the whole tensor only; one such datum gives NaN
def log_mean_exp(log_w: Tensor) -> Tensor:
    if (log_w == -math.inf).all():
        return torch.full(log_w.shape[1:], -math.inf, dtype=log_w.dtype)
    m = log_w.amax(0, keepdim=True)
    return ((log_w - m).exp().mean(0).log() + m.squeeze(0))


# %% wrong single_precision: computes in float32 and casts back
def log_mean_exp(log_w: Tensor) -> Tensor:
    a = log_w.float()
    return (torch.logsumexp(a, 0) - math.log(a.shape[0])).to(log_w.dtype)


# %% wrong centred_by_mean: shifts by the mean of the finite entries, and overflows if the spread exceeds 709
def log_mean_exp(log_w: Tensor) -> Tensor:
    finite = torch.isfinite(log_w)
    m = torch.where(finite, log_w, torch.zeros_like(log_w)).sum(0) / finite.sum(0).clamp(min=1)
    return (log_w - m).exp().mean(0).log() + m


# %% wrong shifts_in_place: right value, but subtracts the maximum from the caller's own tensor
def log_mean_exp(log_w: Tensor) -> Tensor:
    m = log_w.detach().amax(0)
    m[m == -math.inf] = 0.0
    log_w -= m
    return log_w.exp().mean(0).log() + m
