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


# %% wrong gross_rate, from right vectorized: This is the gross rate, without the bits got back: add log q(z | x).
# diagnosis: gross_rate
#-     rate = (log_q - log_joint) / math.log(2)
#+     rate = -log_joint / math.log(2)


# %% wrong log_of_mean, from right vectorized: You averaged the weights before taking the logarithm.
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


# %% wrong mean_over_batch, from right vectorized: You averaged over the batch too. Every datum has an ELBO of its own: average over axis 0 alone.
# diagnosis: mean_over_batch
#-     return rate, rate.mean(0)
#+     return rate, rate.mean()


# %% wrong multiplied, from right vectorized: You multiplied by ln 2. A bit is smaller than a nat, so there are more of them: divide.
# diagnosis: multiplied
#-     rate = (log_q - log_joint) / math.log(2)
#+     rate = (log_q - log_joint) * math.log(2)


# %% wrong naive_exp, from right vectorized: exp(-10,000) is zero in floating point, and its logarithm is not finite.
# diagnosis: naive_exp
#- import math
#+ import torch
#@@
#-     rate = (log_q - log_joint) / math.log(2)
#+     rate = torch.log2(torch.exp(log_q) / torch.exp(log_joint))


# %% wrong nats, from right vectorized: These are nats. Divide by ln 2 for bits.
# diagnosis: nats
def net_bit_rate(log_joint, log_q):
    rate = log_q - log_joint
    return rate, rate.mean(0)


# %% wrong no_refund, from right vectorized: You paid for z under q. Those bits are not paid but got back, because z was decoded from earlier bits: add log q, do not subtract it.
# diagnosis: no_refund
#-     rate = (log_q - log_joint) / math.log(2)
#+     rate = (-log_joint - log_q) / math.log(2)


# %% wrong sign, from right vectorized: The sign is turned: a code length is minus a log-probability, so a likely (x, z) is short.
# diagnosis: sign
#-     rate = (log_q - log_joint) / math.log(2)
#+     rate = (log_joint - log_q) / math.log(2)
