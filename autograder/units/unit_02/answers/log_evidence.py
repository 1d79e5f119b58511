# %% right shifted: The largest log weight of each datum is taken out before anything is exponentiated.
import torch


def log_evidence(log_joint, log_q):
    log_w = log_joint - log_q
    top = log_w.max(0).values
    w = (log_w - top).exp()
    mean = w.mean(0)
    return top + mean.log(), w.std(0) / mean / len(w) ** 0.5


# %% right logsumexp: Two log-sum-exps: the sum of the weights, and the sum of their squares.
import math

import torch


def log_evidence(log_joint, log_q):
    log_w = log_joint - log_q
    K = log_w.shape[0]
    total = torch.logsumexp(log_w, 0)
    shares = (log_w - total).exp()
    square = (shares - 1 / K).square().sum(0)
    return total - math.log(K), (square * K / (K - 1)).sqrt()


# %% right loops: Datum by datum, in NumPy.
import numpy as np


def log_evidence(log_joint, log_q):
    log_w = np.asarray(log_joint) - np.asarray(log_q)
    K, batch = len(log_w), log_w.shape[1:]
    values, errors = np.zeros(batch), np.zeros(batch)
    for index in np.ndindex(batch):
        column = [float(a) for a in log_w[(slice(None), *index)]]
        top = max(column)
        w = [np.exp(a - top) for a in column]
        mean = sum(w) / K
        variance = sum((each - mean) ** 2 for each in w) / (K - 1)
        values[index] = top + np.log(mean)
        errors[index] = np.sqrt(variance / K) / mean
    return [values, errors]


# %% wrong sum, from right logsumexp: log K is forgotten.
# diagnosis: missing_log_k
#-     return total - math.log(K), (square * K / (K - 1)).sqrt()
#+     return total, (square * K / (K - 1)).sqrt()


# %% wrong logs, from right shifted: The logarithms are averaged.
# diagnosis: mean_of_logs
#-     return top + mean.log(), w.std(0) / mean / len(w) ** 0.5
#+     return log_w.mean(0), w.std(0) / mean / len(w) ** 0.5


# %% wrong no_q, from right shifted: The likelihoods of prior draws are averaged, but the draws are q's.
# diagnosis: q_dropped
#-     log_w = log_joint - log_q
#+     log_w = log_joint


# %% wrong naive, from right shifted: Exponentiated as it stands.
# diagnosis: not_finite
#-     top = log_w.max(0).values
#+     top = torch.zeros_like(log_w[0])


# %% wrong one_top, from right shifted: One largest weight serves all data: those far below it underflow.
# diagnosis: not_finite
#-     top = log_w.max(0).values
#+     top = log_w.max()


# %% wrong single, from right shifted: The deviation of one weight, not of their mean.
# diagnosis: one_weight
#-     return top + mean.log(), w.std(0) / mean / len(w) ** 0.5
#+     return top + mean.log(), w.std(0) / mean


# %% wrong absolute, from right shifted: The error of p is given as that of log p.
# diagnosis: not_relative
#-     return top + mean.log(), w.std(0) / mean / len(w) ** 0.5
#+     return top + mean.log(), w.std(0) * top.exp() / len(w) ** 0.5


# %% wrong units, from right shifted: The deviation is left in units of the largest weight.
# diagnosis: in_units_of_the_largest
#-     return top + mean.log(), w.std(0) / mean / len(w) ** 0.5
#+     return top + mean.log(), w.std(0) / len(w) ** 0.5


# %% wrong numpy_std, from right loops: The deviation is divided by K, as NumPy's std does.
# diagnosis: divided_by_k
#-         variance = sum((each - mean) ** 2 for each in w) / (K - 1)
#+         variance = sum((each - mean) ** 2 for each in w) / K


# %% wrong error_of_logs, from right shifted: The standard error of the mean of the logs.
# diagnosis: of_the_logs
#-     return top + mean.log(), w.std(0) / mean / len(w) ** 0.5
#+     return top + mean.log(), log_w.std(0) / len(w) ** 0.5
