import math

import numpy as np
import torch
from torch import Tensor


# %% right log2e: multiplies by log2(e)
def net_bit_rate(log_joint: Tensor, log_q: Tensor) -> tuple[Tensor, Tensor]:
    rate = (log_q - log_joint) * math.log2(math.e)
    return rate, rate.mean(0)


# %% right paid_and_got_back: both in bits first, NumPy, then the difference of means
def net_bit_rate(log_joint: Tensor, log_q: Tensor) -> tuple[Tensor, Tensor]:
    paid, back = -log_joint.numpy() / np.log(2), -log_q.numpy() / np.log(2)
    return torch.as_tensor(paid - back), torch.as_tensor((paid - back).mean(axis=0))


# %% right loop: a list over samples, stacked
def net_bit_rate(log_joint: Tensor, log_q: Tensor) -> tuple[Tensor, Tensor]:
    rows, total = [], 0.0
    for j, q in zip(log_joint, log_q):
        rows.append(-j / math.log(2) + q / math.log(2))
        total = total + rows[-1]
    return torch.stack(rows), total / len(rows)


# %% wrong log_mean: the mean is that of the probabilities (the importance-weighted bound), right for K = 1
def net_bit_rate(log_joint: Tensor, log_q: Tensor) -> tuple[Tensor, Tensor]:
    log_w = log_joint - log_q
    mean = -(torch.logsumexp(log_w, 0) - math.log(log_w.shape[0]))
    return -log_w / math.log(2), mean / math.log(2)


# %% wrong mean_in_nats: the rates are in bits and their mean in nats
def net_bit_rate(log_joint: Tensor, log_q: Tensor) -> tuple[Tensor, Tensor]:
    nats = log_q - log_joint
    return nats / math.log(2), nats.mean(0)


# %% wrong rates_not_negative: single rates below zero are raised to zero
def net_bit_rate(log_joint: Tensor, log_q: Tensor) -> tuple[Tensor, Tensor]:
    rate = ((log_q - log_joint) / math.log(2)).clamp(min=0)
    return rate, rate.mean(0)


# %% wrong rounded_up: whole bits: rates are rounded up as on a real channel
def net_bit_rate(log_joint: Tensor, log_q: Tensor) -> tuple[Tensor, Tensor]:
    rate = (-log_joint / math.log(2)).ceil() - (-log_q / math.log(2)).ceil()
    return rate, rate.mean(0)


# %% wrong probabilities: log2 of the probabilities themselves, infinite for long messages
def net_bit_rate(log_joint: Tensor, log_q: Tensor) -> tuple[Tensor, Tensor]:
    rate = -torch.log2(log_joint.exp()) + torch.log2(log_q.exp())
    return rate, rate.mean(0)


# %% wrong tiny_added: log2 of the probabilities plus 1e-300
def net_bit_rate(log_joint: Tensor, log_q: Tensor) -> tuple[Tensor, Tensor]:
    rate = -torch.log2(log_joint.exp() + 1e-300) + torch.log2(log_q.exp() + 1e-300)
    return rate, rate.mean(0)


# %% wrong rounded_constant: 0.693 for the logarithm of two
def net_bit_rate(log_joint: Tensor, log_q: Tensor) -> tuple[Tensor, Tensor]:
    rate = (log_q - log_joint) / 0.693
    return rate, rate.mean(0)


# %% wrong mean_over_everything: one mean for all data, right for one datum
def net_bit_rate(log_joint: Tensor, log_q: Tensor) -> tuple[Tensor, Tensor]:
    rate = (log_q - log_joint) / math.log(2)
    return rate, rate.mean().expand(rate.shape[1:])


# %% wrong squeezed: a batch of one comes back without its axis
def net_bit_rate(log_joint: Tensor, log_q: Tensor) -> tuple[Tensor, Tensor]:
    rate = (log_q - log_joint) / math.log(2)
    return rate, rate.mean(0).squeeze()


# %% wrong single_precision: subtracts in float32
def net_bit_rate(log_joint: Tensor, log_q: Tensor) -> tuple[Tensor, Tensor]:
    rate = (log_q.float() - log_joint.float()) / math.log(2)
    return rate.double(), rate.mean(0).double()


# %% wrong in_place: subtracts from the caller's log_q
def net_bit_rate(log_joint: Tensor, log_q: Tensor) -> tuple[Tensor, Tensor]:
    log_q -= log_joint
    rate = log_q / math.log(2)
    return rate, rate.mean(0)


# %% wrong unbiased_count: divides by K - 1, for K > 1
def net_bit_rate(log_joint: Tensor, log_q: Tensor) -> tuple[Tensor, Tensor]:
    rate = (log_q - log_joint) / math.log(2)
    return rate, rate.sum(0) / max(rate.shape[0] - 1, 1)


# %% wrong median: the middle rate instead of the mean
def net_bit_rate(log_joint: Tensor, log_q: Tensor) -> tuple[Tensor, Tensor]:
    rate = (log_q - log_joint) / math.log(2)
    return rate, rate.quantile(0.5, dim=0)
