import math
import torch
from torch import Tensor

# %% right numpy_log2: in numpy, by the binary logarithm of e
import numpy as np
def net_bit_rate(log_joint, log_q):
    rate = (log_q.detach().numpy() - log_joint.detach().numpy()) * np.log2(np.e)
    return torch.as_tensor(np.asarray(rate)), torch.as_tensor(np.asarray(np.mean(rate, axis=0)))

# %% right running_mean: a loop over samples with a running mean
def net_bit_rate(log_joint, log_q):
    rows, mean = [], torch.zeros_like(log_q[0])
    for k in range(log_q.shape[0]):
        paid, back = -log_joint[k] / math.log(2), -log_q[k] / math.log(2)
        rows.append(paid - back)
        mean = mean + (rows[-1] - mean) / (k + 1)
    return torch.stack(rows), mean

# %% wrong never_negative: rates below zero are reported as zero
def net_bit_rate(log_joint, log_q):
    rate = ((log_q - log_joint) / math.log(2)).clamp(min=0)
    return rate, rate.mean(0)

# %% wrong whole_bits: every message is rounded up to whole bits
def net_bit_rate(log_joint, log_q):
    rate = ((log_q - log_joint) / math.log(2)).ceil()
    return rate, rate.mean(0)

# %% wrong many_sample_rate: the mean rate is that of the average weight, the same for K = 1
def net_bit_rate(log_joint, log_q):
    rate = (log_q - log_joint) / math.log(2)
    return rate, -(torch.logsumexp(log_joint - log_q, 0) - math.log(len(log_q))) / math.log(2)

# %% wrong grand_mean: the mean runs over the data as well
def net_bit_rate(log_joint, log_q):
    rate = (log_q - log_joint) / math.log(2)
    return rate, rate.mean().expand(rate.shape[1:])

# %% wrong mean_in_nats: the mean is divided by log 2 a second time
def net_bit_rate(log_joint, log_q):
    rate = (log_q - log_joint) / math.log(2)
    return rate, rate.mean(0) / math.log(2)

# %% wrong squeezed: axes of size one are dropped
def net_bit_rate(log_joint, log_q):
    rate = ((log_q - log_joint) / math.log(2)).squeeze()
    return rate, rate.mean(0)

# %% wrong overwrites: the rates are written over the caller's log_q
# not told: the returned values are wrong
def net_bit_rate(log_joint, log_q):
    rate = log_q.sub_(log_joint).div_(math.log(2))
    return rate, rate.mean(0)

# %% wrong probabilities: goes through probabilities, which vanish for long messages
def net_bit_rate(log_joint, log_q):
    rate = log_q.exp().log2() - log_joint.exp().log2()
    return rate, rate.mean(0)

# %% wrong bessel: the mean divides by K - 1 where there is more than one sample
def net_bit_rate(log_joint, log_q):
    rate = (log_q - log_joint) / math.log(2)
    return rate, rate.sum(0) / max(len(rate) - 1, 1)

# %% wrong rounded_constant: one nat is 1.44 bits, a fifth of a per cent off
def net_bit_rate(log_joint, log_q):
    rate = (log_q - log_joint) * 1.44
    return rate, rate.mean(0)

# %% wrong last_axis: averages over the last axis, which is the samples only without a batch
def net_bit_rate(log_joint, log_q):
    rate = (log_q - log_joint) / math.log(2)
    return rate, rate.mean(-1)
