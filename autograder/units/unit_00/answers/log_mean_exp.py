# %% right logsumexp: The library function, minus log K.
import math

import torch


def log_mean_exp(log_w):
    return torch.logsumexp(log_w, 0) - math.log(log_w.shape[0])


# %% right numpy: SciPy's logsumexp with weights 1/K.
import numpy as np
import torch
from scipy.special import logsumexp


def log_mean_exp(log_w):
    return torch.as_tensor(np.asarray(logsumexp(log_w.numpy(), axis=0)) - np.log(log_w.shape[0]))


# %% right running: A loop over samples that keeps a running logaddexp.
import math

import torch


def log_mean_exp(log_w):
    total = torch.full_like(log_w[0], -math.inf)
    for one in log_w:
        total = torch.logaddexp(total, one)
    return total - math.log(len(log_w))


# %% right shift: By hand, with a shift that is made finite.
import torch


def log_mean_exp(log_w):
    top = log_w.max(0).values
    shift = torch.where(top.isfinite(), top, torch.zeros_like(top))
    return (log_w - shift).exp().mean(0).log() + shift


# %% wrong added_log_k, from right logsumexp: log K has the wrong sign: a mean is a sum divided by K, so its logarithm is smaller.
# diagnosis: added_log_k
#-     return torch.logsumexp(log_w, 0) - math.log(log_w.shape[0])
#+     return torch.logsumexp(log_w, 0) + math.log(len(log_w))


# %% wrong all_zero, from right shift: max - max is -inf - (-inf) = NaN when all weights are zero. torch.logsumexp knows this case; by hand, replace an infinite shift by 0.
# diagnosis: all_zero
def log_mean_exp(log_w):
    top = log_w.max(0).values
    return (log_w - top).exp().mean(0).log() + top


# %% wrong axis, from right logsumexp: You averaged over the last axis. Samples come first: reduce axis 0.
# diagnosis: wrong_axis
#-     return torch.logsumexp(log_w, 0) - math.log(log_w.shape[0])
#+     return torch.logsumexp(log_w, -1) - math.log(log_w.shape[-1])


# %% wrong counted_everything, from right logsumexp: The sum is over the K samples, but you divided by the number of all weights.
# diagnosis: counted_everything
#-     return torch.logsumexp(log_w, 0) - math.log(log_w.shape[0])
#+     return torch.logsumexp(log_w, 0) - math.log(log_w.numel())


# %% wrong mean_of_logs, from right logsumexp: You averaged the logarithms. The logarithm of a mean is larger: exponentiate (safely), average, then take the logarithm.
# diagnosis: mean_of_logs
def log_mean_exp(log_w):
    return log_w.mean(0)


# %% wrong mean_of_weights, from right logsumexp: This is the mean of the weights. Its logarithm is asked for.
# diagnosis: mean_of_weights
def log_mean_exp(log_w):
    return log_w.exp().mean(0)


# %% wrong missing_log_k, from right shift: You returned the logarithm of the sum. Of K equal weights the mean is one of them: subtract log K.
# diagnosis: missing_log_k
#-     top = log_w.max(0).values
#-     shift = torch.where(top.isfinite(), top, torch.zeros_like(top))
#-     return (log_w - shift).exp().mean(0).log() + shift
#+     return torch.logsumexp(log_w, 0)


# %% wrong naive_exp, from right logsumexp: exp(-10,000) is 0 and exp(10,000) is infinite in floating point.
# diagnosis: naive_exp
def log_mean_exp(log_w):
    return log_w.exp().mean(0).log()


# %% wrong over_everything, from right logsumexp: You averaged over the batch too. Each column has an average of its own: reduce axis 0 alone.
# diagnosis: over_everything
#-     return torch.logsumexp(log_w, 0) - math.log(log_w.shape[0])
#+     return torch.logsumexp(log_w.reshape(-1), 0) - math.log(log_w.numel())


# %% wrong shift_forgotten, from right shift: exp(-10,000) is 0 and exp(10,000) is infinite in floating point.
# diagnosis: naive_exp
def log_mean_exp(log_w):
    shift = log_w.mean()
    return (log_w - shift).exp().mean(0).log() + shift
