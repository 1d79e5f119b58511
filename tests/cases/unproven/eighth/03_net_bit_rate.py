import math

import torch
from torch import Tensor

# %% right running_mean: log2(e) times the difference, and the mean by a running update over the samples
def net_bit_rate(log_joint: Tensor, log_q: Tensor) -> tuple[Tensor, Tensor]:
    rate = torch.sub(log_q, log_joint).mul(math.log2(math.e))
    mean = torch.zeros_like(rate[0])
    for k, each in enumerate(rate.unbind(0), start=1):
        mean = mean + (each - mean) / k
    return rate, mean

# %% wrong rate_of_the_mean_weight: the mean rate is -log2 of the mean weight, as if it were the cost of x itself; equal to the mean of the rates only if q is the posterior
def net_bit_rate(log_joint: Tensor, log_q: Tensor) -> tuple[Tensor, Tensor]:
    rate = (log_q - log_joint) / math.log(2)
    mean = -(torch.logsumexp(log_joint - log_q, 0) - math.log(log_joint.shape[0])) / math.log(2)
    return rate, mean

# %% wrong no_negative_bits: a rate below zero is set to zero, since nobody sends fewer than no bits; but one sample may give back more than was paid, and a density may exceed one
def net_bit_rate(log_joint: Tensor, log_q: Tensor) -> tuple[Tensor, Tensor]:
    rate = ((log_q - log_joint) / math.log(2)).clamp(min=0)
    return rate, rate.mean(0)

# %% wrong bits_per_nat_by_heart: 1.4427 bits to the nat, a constant remembered to five digits
def net_bit_rate(log_joint: Tensor, log_q: Tensor) -> tuple[Tensor, Tensor]:
    rate = (log_q - log_joint) * 1.4427
    return rate, rate.mean(0)

# %% wrong whole_bits: what is paid is rounded up and what comes back rounded down, as real messages have whole bits; the rate asked for is a real number
def net_bit_rate(log_joint: Tensor, log_q: Tensor) -> tuple[Tensor, Tensor]:
    paid = (-log_joint / math.log(2)).ceil()
    back = (-log_q / math.log(2)).floor()
    rate = paid - back
    return rate, rate.mean(0)
