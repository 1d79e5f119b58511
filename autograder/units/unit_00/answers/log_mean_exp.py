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


# %% wrong added_log_k, from right logsumexp: log K is added instead of subtracted: log(1/K) was written down as log K, and the answer is too large by twice log K.
# diagnosis: added_log_k
#-     return torch.logsumexp(log_w, 0) - math.log(log_w.shape[0])
#+     return torch.logsumexp(log_w, 0) + math.log(len(log_w))


# %% wrong all_zero, from right shift: The shift by the maximum is right, but the maximum of weights that are all zero is -inf, and -inf - (-inf) is NaN. Tests seldom have such weights.
# diagnosis: all_zero
def log_mean_exp(log_w):
    top = log_w.max(0).values
    return (log_w - top).exp().mean(0).log() + top


# %% wrong axis, from right logsumexp: The last axis is reduced, as in a softmax over classes. Here samples come first, and the last axis may be the batch.
# diagnosis: wrong_axis
#-     return torch.logsumexp(log_w, 0) - math.log(log_w.shape[0])
#+     return torch.logsumexp(log_w, -1) - math.log(log_w.shape[-1])


# %% wrong counted_everything, from right logsumexp: The sum is over K samples, but numel() counts the data, too: right for one datum, too small by log B for B of them.
# diagnosis: counted_everything
#-     return torch.logsumexp(log_w, 0) - math.log(log_w.shape[0])
#+     return torch.logsumexp(log_w, 0) - math.log(log_w.numel())


# %% wrong mean_of_logs, from right logsumexp: The logarithms are averaged. That is a lower bound on the answer, by Jensen's inequality, and looks plausible wherever weights are alike.
# diagnosis: mean_of_logs
def log_mean_exp(log_w):
    return log_w.mean(0)


# %% wrong mean_of_weights, from right logsumexp: exp is applied at the end because 'the mean of the weights' was asked for in words; the answer is its logarithm.
# diagnosis: mean_of_weights
def log_mean_exp(log_w):
    return log_w.exp().mean(0)


# %% wrong missing_log_k, from right shift: logsumexp is taken for the whole answer. It is the logarithm of a sum, and grows with K although the mean does not.
# diagnosis: missing_log_k
#-     top = log_w.max(0).values
#-     shift = torch.where(top.isfinite(), top, torch.zeros_like(top))
#-     return (log_w - shift).exp().mean(0).log() + shift
#+     return torch.logsumexp(log_w, 0)


# %% wrong naive_exp, from right logsumexp: The formula is written as it stands on paper. Weights of e^-10000 are 0 in floating point, and the logarithm of 0 is -inf.
# diagnosis: naive_exp
def log_mean_exp(log_w):
    return log_w.exp().mean(0).log()


# %% wrong over_everything, from right logsumexp: No axis is named, so that all data share one average: right without a batch, where it is usually tried out.
# diagnosis: over_everything
#-     return torch.logsumexp(log_w, 0) - math.log(log_w.shape[0])
#+     return torch.logsumexp(log_w.reshape(-1), 0) - math.log(log_w.numel())


# %% wrong shift_forgotten, from right shift: The exponentials are made before the maximum is taken out, so that they have overflowed by the time the shift could help.
# diagnosis: naive_exp
def log_mean_exp(log_w):
    shift = log_w.mean()
    return (log_w - shift).exp().mean(0).log() + shift


# %% wrong epsilon, from right shift: A small number is added before the logarithm, to be safe, after a shift that has made it safe.
# diagnosis: epsilon
#-     return (log_w - shift).exp().mean(0).log() + shift
#+     answer = ((log_w - shift).exp().mean(0) + 1e-8).log() + shift
#+     return torch.where(top.isfinite(), answer, top)
