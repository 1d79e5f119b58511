import math

import numpy as np
import torch
from torch import Tensor

# %% right numpy_columns_with_fsum: each column by itself in NumPy, anchored where the power is largest, exact sums of expm1 and one log1p
def renyi(log_w: Tensor, alpha: float) -> Tensor:
    order = 1.0 - alpha

    def one_column(column):
        if order == 0.0:
            anchor = float(column[0])
            return anchor + math.fsum(float(v) - anchor for v in column) / len(column)
        anchor = float(column.max() if order > 0 else column.min())
        missing = math.fsum(math.expm1(order * (float(v) - anchor)) for v in column) / len(column)
        return anchor + math.log1p(missing) / order

    table = np.apply_along_axis(one_column, 0, log_w.detach().cpu().numpy())
    return torch.as_tensor(np.asarray(table), dtype=log_w.dtype, device=log_w.device)


# %% wrong cumulants_near_one: near alpha = 1 it uses two cumulants of the log weights, which a student takes for exact there; with log weights hundreds of nats apart the third counts
def renyi(log_w: Tensor, alpha: float) -> Tensor:
    order = 1.0 - alpha
    if abs(order) <= 1e-3:
        return log_w.mean(0) + 0.5 * order * log_w.var(0, unbiased=False)
    top = (order * log_w).amax(0)
    return (top + (order * log_w - top).exp().mean(0).log()) / order


# %% wrong always_the_largest: takes out the largest log weight whatever the sign of the order, so that for alpha > 1 exponents are positive and overflow
def renyi(log_w: Tensor, alpha: float) -> Tensor:
    order = 1.0 - alpha
    if order == 0.0:
        return log_w.mean(0)
    top = log_w.amax(0)
    return top + torch.log1p(torch.expm1(order * (log_w - top)).mean(0)) / order


# %% wrong limit_far_out: for alpha beyond fifty it returns the largest or the smallest log weight, the limit, and forgets log K over the order
def renyi(log_w: Tensor, alpha: float) -> Tensor:
    if alpha < -50:
        return log_w.amax(0)
    if alpha > 50:
        return log_w.amin(0)
    order = 1.0 - alpha
    if order == 0.0:
        return log_w.mean(0)
    anchor = log_w.amax(0) if order > 0 else log_w.amin(0)
    return anchor + torch.log1p(torch.expm1(order * (log_w - anchor)).mean(0)) / order


# %% wrong floor_under_the_weights: lifts log weights to 700 nats below the largest ("they are zero anyway"), which is harmless for IWAE and wrong for alpha at or above one and for small orders
def renyi(log_w: Tensor, alpha: float) -> Tensor:
    log_w = torch.maximum(log_w, log_w.amax(0) - 700.0)
    order = 1.0 - alpha
    if order == 0.0:
        return log_w.mean(0)
    anchor = log_w.amax(0) if order > 0 else log_w.amin(0)
    return anchor + torch.log1p(torch.expm1(order * (log_w - anchor)).mean(0)) / order
