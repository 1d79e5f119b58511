import math

import numpy as np
import torch
from torch import Tensor

# %% right loops_in_python: plain Python loops over data and samples, in lists, the unit of each datum its largest weight
def log_evidence(log_joint, log_q):
    K = log_joint.shape[0]
    batch = log_joint.shape[1:]
    a = log_joint.reshape(K, -1).tolist()
    b = log_q.reshape(K, -1).tolist()
    values, errors = [], []
    for j in range(len(a[0])):
        logs = [a[k][j] - b[k][j] for k in range(K)]
        top = max(logs)
        w = [math.exp(each - top) for each in logs]
        mean = math.fsum(w) / K
        variance = math.fsum((each - mean) ** 2 for each in w) / (K - 1)
        values.append(top + math.log(mean))
        errors.append(math.sqrt(variance / K) / mean)
    return [torch.tensor(values, dtype=torch.float64).reshape(batch), torch.tensor(errors, dtype=torch.float64).reshape(batch)]

# %% right numpy_arrays_out: NumPy all the way, NumPy arrays returned
def log_evidence(log_joint, log_q):
    lw = np.asarray(log_joint.detach()) - np.asarray(log_q.detach())
    top = lw.max(axis=0)
    w = np.exp(lw - top)
    mean = w.mean(axis=0)
    return np.asarray(top + np.log(mean)), np.asarray(w.std(axis=0, ddof=1) / np.sqrt(len(w)) / mean)

# %% right pairwise_differences: the variance is half the mean squared difference of all pairs of self-normalized weights
def log_evidence(log_joint, log_q):
    lw = log_joint - log_q
    K = lw.shape[0]
    share = lw.softmax(0)
    total = torch.zeros_like(share[0])
    for shift in range(1, K):
        total = total + (share - share.roll(shift, 0)).square().sum(0)
    variance = total / 2 / (K * (K - 1))
    return lw.logsumexp(0) - math.log(K), (K * variance).sqrt()

# %% wrong one_unit_for_all: one global maximum as the unit for all data, so that small data underflow beside large ones
def log_evidence(log_joint, log_q):
    lw = log_joint - log_q
    top = lw.max()
    w = (lw - top).exp()
    mean = w.mean(0)
    return top + mean.log(), w.std(0) / len(w) ** 0.5 / mean

# %% wrong divisor_k: the deviation of the weights with divisor K (through the effective sample size)
def log_evidence(log_joint, log_q):
    lw = log_joint - log_q
    K = len(lw)
    share = lw.softmax(0)
    return lw.logsumexp(0) - math.log(K), (share.square().sum(0) - 1 / K).clamp(min=0).sqrt()

# %% wrong zero_weights_dropped: weights of exactly zero are left out, of the mean and of K
def log_evidence(log_joint, log_q):
    lw = log_joint - log_q
    alive = lw > -math.inf
    K = alive.sum(0).to(lw.dtype)
    top = lw.amax(0)
    w = (lw - top).exp()
    mean = w.sum(0) / K
    variance = torch.where(alive, (w - mean).square(), torch.zeros_like(w)).sum(0) / (K - 1).clamp(min=1)
    return top + mean.log(), (variance / K).sqrt() / mean

# %% wrong zeros_at_minus_ten_thousand: log weights of minus infinity become -10,000, which is no zero beside weights of e^-10000
def log_evidence(log_joint, log_q):
    lw = torch.nan_to_num(log_joint - log_q, neginf=-1e4)
    top = lw.amax(0)
    w = (lw - top).exp()
    mean = w.mean(0)
    return top + mean.log(), w.std(0) / len(w) ** 0.5 / mean

# %% wrong clamped_logs: log weights clamped to +-700, "so that exp does not overflow"
def log_evidence(log_joint, log_q):
    lw = (log_joint - log_q).clamp(-700, 700)
    top = lw.amax(0)
    w = (lw - top).exp()
    mean = w.mean(0)
    return top + mean.log(), w.std(0) / len(w) ** 0.5 / mean

# %% wrong first_weight_as_unit: the unit is the first weight, which may be zero or smaller by e^-800
def log_evidence(log_joint, log_q):
    lw = log_joint - log_q
    w = (lw - lw[0]).exp()
    mean = w.mean(0)
    return lw[0] + mean.log(), w.std(0) / len(w) ** 0.5 / mean

# %% wrong jackknife: the jackknife error of the log instead of the first-order one
def log_evidence(log_joint, log_q):
    lw = log_joint - log_q
    K = len(lw)
    top = lw.amax(0)
    w = (lw - top).exp()
    total = w.sum(0)
    left_out = ((total - w).clamp(min=1e-300) / (K - 1)).log()
    error = ((K - 1) / K * (left_out - left_out.mean(0)).square().sum(0)).sqrt()
    return top + (total / K).log(), error

# %% wrong log_normal_error: the error as sqrt(log(1 + error^2)), not to first order
def log_evidence(log_joint, log_q):
    lw = log_joint - log_q
    top = lw.amax(0)
    w = (lw - top).exp()
    mean = w.mean(0)
    return top + mean.log(), (w.var(0) / len(w) / mean.square()).log1p().sqrt()

# %% wrong one_pass_variance: E w^2 - (E w)^2 cancels where the weights are nearly equal
def log_evidence(log_joint, log_q):
    lw = log_joint - log_q
    K = len(lw)
    top = lw.amax(0)
    w = (lw - top).exp()
    mean = w.mean(0)
    variance = (w.square().mean(0) - mean.square()).clamp(min=0) * K / (K - 1)
    return top + mean.log(), (variance / K).sqrt() / mean

# %% wrong squeezed: squeeze() at the end drops axes of data of length one
def log_evidence(log_joint, log_q):
    lw = log_joint - log_q
    top = lw.amax(0, keepdim=True)
    w = (lw - top).exp()
    mean = w.mean(0, keepdim=True)
    return (top + mean.log()).squeeze(), (w.std(0, keepdim=True) / len(w) ** 0.5 / mean).squeeze()

# %% wrong in_place: subtracts log q from the argument itself
def log_evidence(log_joint, log_q):
    log_joint -= log_q
    top = log_joint.amax(0)
    w = (log_joint - top).exp()
    mean = w.mean(0)
    return top + mean.log(), w.std(0) / len(w) ** 0.5 / mean

# %% wrong separate_units: p and q are exponentiated apart (each in its own unit), so that their ratio is 0/0 where both are far out
def log_evidence(log_joint, log_q):
    top, other = log_joint.amax(0), log_q.amax(0)
    w = (log_joint - top).exp() / (log_q - other).exp()
    mean = w.mean(0)
    return top - other + mean.log(), w.std(0) / len(w) ** 0.5 / mean
