import math
from functools import partial

import numpy as np
import torch


# %% right loop_over_data: One datum at a time, by Python's own numbers.
def log_mean_exp(log_w):
    out = []
    for column in log_w.reshape(len(log_w), -1).T.tolist():
        top = max(column)
        if top == -math.inf:
            out.append(top)
        else:
            out.append(top + math.log(sum(math.exp(a - top) for a in column) / len(column)))
    return torch.tensor(out, dtype=torch.float64).reshape(log_w.shape[1:])


# %% right vmap: The last batch axis handled by vmap.
def log_mean_exp(log_w):
    flat = log_w.reshape(len(log_w), -1)
    one = lambda column: torch.logsumexp(column, 0) - math.log(len(log_w))
    return torch.func.vmap(one, 1)(flat).reshape(log_w.shape[1:])


# %% right numpy: NumPy's logaddexp, reduced.
def log_mean_exp(log_w):
    return torch.from_numpy(
        np.asarray(np.logaddexp.reduce(log_w.numpy(), axis=0) - np.log(len(log_w)))
    )


# %% right partial: A functools.partial of a more general function.
def power_mean(log_w, power):
    return (torch.logsumexp(power * log_w, 0) - math.log(len(log_w))) / power


log_mean_exp = partial(power_mean, power=1.0)


# %% right callable_class: An object with __call__.
class Bound:
    def __call__(self, log_w):
        return torch.logsumexp(log_w - math.log(log_w.shape[0]), dim=0)


log_mean_exp = Bound()


# %% wrong destroys: The largest exponent is taken out in place, from the caller's tensor.
def log_mean_exp(log_w):
    top = log_w.amax(0)
    top = torch.where(top.isfinite(), top, torch.zeros_like(top))
    log_w -= top
    return top + log_w.exp().mean(0).log()


# %% wrong one_shift: One shift for all data: a datum far below the best one underflows.
def log_mean_exp(log_w):
    top = log_w[log_w.isfinite()].max() if log_w.isfinite().any() else torch.zeros(())
    return top + (log_w - top).exp().mean(0).log()


# %% wrong counts_all: Divided by the number of entries, not of samples.
def log_mean_exp(log_w):
    return torch.logsumexp(log_w, 0) - math.log(log_w.numel())


# %% wrong zero_weights_skipped: Weights of zero are not counted in the mean.
def log_mean_exp(log_w):
    return torch.logsumexp(log_w, 0) - log_w.isfinite().sum(0).clamp(min=1).log()


# %% wrong half_precision_inside: Computed in half precision, and converted back.
# not told: averaged over the batch
# not told: divided by the number of all weights
def log_mean_exp(log_w):
    return (torch.logsumexp(log_w.half().float(), 0) - math.log(len(log_w))).to(log_w.dtype)


# %% wrong first_hundred: Only the first hundred samples are averaged.
def log_mean_exp(log_w):
    return torch.logsumexp(log_w[:100], 0) - math.log(min(len(log_w), 100))
