import math

import numpy as np
import torch


def rate(log_joint, log_q):
    return (log_q - log_joint) / math.log(2)


# %% right lists: Python lists.
def net_bit_rate(log_joint, log_q):
    r = rate(log_joint, log_q)
    return r.tolist(), r.mean(0).tolist()


# %% right numpy: NumPy arrays.
def net_bit_rate(log_joint, log_q):
    r = (log_q.numpy() - log_joint.numpy()) / np.log(2)
    return r, r.mean(0)


# %% wrong never_negative: "A number of bits cannot be negative": cut off at zero.
def net_bit_rate(log_joint, log_q):
    r = rate(log_joint, log_q).clamp(min=0)
    return r, r.mean(0)


# %% wrong unsigned: The rates without their sign.
def net_bit_rate(log_joint, log_q):
    r = rate(log_joint, log_q).abs()
    return r, r.mean(0)


# %% wrong swapped: The mean first, then the rates.
# not told: which axes you sum or average over
# not told: one number per sample
def net_bit_rate(log_joint, log_q):
    r = rate(log_joint, log_q)
    return r.mean(0), r


# %% wrong squeezed: Axes of size one are dropped.
def net_bit_rate(log_joint, log_q):
    rate = ((log_q - log_joint) / math.log(2)).squeeze()
    return rate, rate.mean(0)
