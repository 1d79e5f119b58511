# %% right elbo: Through the bound of the package; minus the ELBO, in bits.
import torch

from course_vi.bounds import elbo


def net_bit_rate(log_joint, log_q):
    log_w = log_joint - log_q
    nats_per_bit = torch.tensor(2.0, dtype=log_w.dtype).log()
    return -log_w / nats_per_bit, -elbo(log_w) / nats_per_bit


# %% right loop: A ledger kept in a loop: bits paid, bits got back.
import torch


def net_bit_rate(log_joint, log_q):
    rows = []
    bits_per_nat = 1.4426950408889634
    for joint, back in zip(log_joint, log_q):
        paid = -joint * bits_per_nat
        got_back = -back * bits_per_nat
        rows.append(paid - got_back)
    rate = torch.stack(rows)
    return rate, sum(rows) / len(rows)


# %% right numpy: NumPy, and logaddexp2's base turned by np.log2(e).
import numpy as np


def net_bit_rate(log_joint, log_q):
    rate = (log_q.numpy() - log_joint.numpy()) * np.log2(np.e)
    return rate, np.average(rate, axis=0)


# %% right vectorized: Vectorized, one division.
import math


def net_bit_rate(log_joint, log_q):
    rate = (log_q - log_joint) / math.log(2)
    return rate, rate.mean(0)


# %% right loop_over_data: Datum by datum, however many axes the batch has, stacked in the end.
import math

import torch


def net_bit_rate(log_joint, log_q):
    data = zip(log_joint.reshape(len(log_joint), -1).T, log_q.reshape(len(log_q), -1).T)
    rates = [(back - paid) / math.log(2) for paid, back in data]
    expected = torch.stack([rate.mean() for rate in rates])
    shape = log_joint.shape
    return torch.stack(rates, -1).reshape(shape), expected.reshape(shape[1:])


# %% wrong gross_rate, from right vectorized: The bits for x and z are counted and those got back are not: an honest count for a sender who throws the recovered bits away.
# diagnosis: gross_rate
#-     rate = (log_q - log_joint) / math.log(2)
#+     rate = -log_joint / math.log(2)


# %% wrong log_of_mean, from right vectorized: The weights are averaged before the logarithm, as in an importance-weighted bound; a mean length is a mean of logarithms.
# diagnosis: log_of_mean
#  import math
#+
#+ import torch
#@@
#-     rate = (log_q - log_joint) / math.log(2)
#-     return rate, rate.mean(0)
#+     log_w = log_joint - log_q
#+     expected = -(torch.logsumexp(log_w, 0) - math.log(len(log_w))) / math.log(2)
#+     return -log_w / math.log(2), expected


# %% wrong mean_over_batch, from right vectorized: A bare mean() runs over the data too: one number, where each datum has a message length of its own.
# diagnosis: mean_over_batch
#-     return rate, rate.mean(0)
#+     return rate, rate.mean()


# %% wrong multiplied, from right vectorized: Multiplied by ln 2 where one divides: the factor is remembered, and that a bit is smaller than a nat is not.
# diagnosis: multiplied
#-     rate = (log_q - log_joint) / math.log(2)
#+     rate = (log_q - log_joint) * math.log(2)


# %% wrong naive_exp, from right vectorized: The log-densities are exponentiated to divide them as probabilities; for long messages both are zero, and so is their ratio.
# diagnosis: not_finite
#- import math
#+ import torch
#@@
#-     rate = (log_q - log_joint) / math.log(2)
#+     rate = torch.log2(torch.exp(log_q) / torch.exp(log_joint))


# %% wrong nats, from right vectorized: The result is left in nats, the unit of everything before; 'in bits' is one division that is easily overlooked.
# diagnosis: nats
def net_bit_rate(log_joint, log_q):
    rate = log_q - log_joint
    return rate, rate.mean(0)


# %% wrong no_refund, from right vectorized: Both lengths are added, since both are minus a logarithm: but z is decoded from earlier bits, so log q is got back.
# diagnosis: no_refund
#-     rate = (log_q - log_joint) / math.log(2)
#+     rate = (-log_joint - log_q) / math.log(2)


# %% wrong sign, from right vectorized: This is the ELBO in bits; a length is minus a log-probability, so likely messages must come out short.
# diagnosis: sign
#-     rate = (log_q - log_joint) / math.log(2)
#+     rate = (log_joint - log_q) / math.log(2)


# %% wrong never_negative, from right vectorized: Rates are cut off at zero, since no message has fewer than no bits; a net rate can be a refund.
# diagnosis: generic_clamp
#-     rate = (log_q - log_joint) / math.log(2)
#+     rate = ((log_q - log_joint) / math.log(2)).clamp(min=0)


# %% wrong unsigned, from right vectorized: The absolute value is taken, since a number of bits 'has no sign': refunds turn into costs.
# diagnosis: generic_abs
#-     rate = (log_q - log_joint) / math.log(2)
#+     rate = ((log_q - log_joint) / math.log(2)).abs()


# %% wrong swapped, from right vectorized: The mean is returned first, as the more important number, and the rates second.
# diagnosis: swapped
#-     return rate, rate.mean(0)
#+     return rate.mean(0), rate
