import itertools
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

# %% right plain: half the difference, the sign, and the larger probability
def disarm(f, logits: Tensor, u: Tensor) -> Tensor:
    p = torch.sigmoid(logits)
    b = (u > 1 - p).to(u.dtype)
    other = (1 - u > 1 - p).to(u.dtype)
    weight = torch.sigmoid(logits.abs())
    difference = (f(b) - f(other)).unsqueeze(-1)
    return (0.5 * difference * (b - other) * weight).mean(0)


# %% right numpy: the mean of u in each of three intervals, in NumPy; a NumPy array comes back
def disarm(f, logits, u):
    l, w = logits.detach().numpy(), u.detach().numpy()
    p = 1 / (1 + np.exp(-l))
    high, low = np.maximum(p, 1 - p), np.minimum(p, 1 - p)
    b, other = w > 1 - p, 1 - w > 1 - p
    fb = np.asarray(f(torch.from_numpy(b.astype(np.float64))).detach())
    fo = np.asarray(f(torch.from_numpy(other.astype(np.float64))).detach())
    mean = np.where(b & ~other, (high + 1) / 2, np.where(other & ~b, low / 2, 0.5))
    return ((fb - fo)[..., None] * (mean - 0.5)).mean(0)


# %% right swapped_pair_and_loops: the pair the other way round, one call of f for each pair member, the mean summed in a loop; the estimate is even in the swap
def disarm(f, logits: Tensor, u: Tensor) -> Tensor:
    p = logits.sigmoid()
    first, second = (u < p).double(), (u > 1 - p).double()
    f1, f2 = f(first), f(second)
    total = torch.zeros_like(u[0])
    for k in range(u.shape[0]):
        for i in range(u.shape[-1]):
            l = logits[..., i]
            larger = torch.exp(-torch.nn.functional.softplus(-l.abs()))
            sign = torch.sign(first[k, ..., i] - second[k, ..., i])
            total[..., i] += (f1[k] - f2[k]) * sign * larger / 2
    return total / u.shape[0]


# %% wrong sigmoid_of_the_logit: sigma(l), not of |l|: right for positive logits
def disarm(f, logits: Tensor, u: Tensor) -> Tensor:
    p = torch.sigmoid(logits)
    b = (u > 1 - p).to(u.dtype)
    other = (1 - u > 1 - p).to(u.dtype)
    weight = torch.sigmoid(logits)
    difference = (f(b) - f(other)).unsqueeze(-1)
    return (0.5 * difference * (b - other) * weight).mean(0)


# %% wrong no_indicator: the sign of b alone: bits on which the pair agrees get something; right for one bit
def disarm(f, logits: Tensor, u: Tensor) -> Tensor:
    p = torch.sigmoid(logits)
    b = (u > 1 - p).to(u.dtype)
    other = (1 - u > 1 - p).to(u.dtype)
    weight = torch.sigmoid(logits.abs())
    difference = (f(b) - f(other)).unsqueeze(-1)
    return (0.5 * difference * (2 * b - 1) * weight).mean(0)


# %% wrong arm_where_the_pair_differs: zero where the pair agrees, but the number u where it does not
def disarm(f, logits: Tensor, u: Tensor) -> Tensor:
    p = torch.sigmoid(logits)
    b = (u > 1 - p).to(u.dtype)
    other = (1 - u > 1 - p).to(u.dtype)
    weight = torch.sigmoid(logits.abs())
    difference = (f(b) - f(other)).unsqueeze(-1)
    return (difference * (u - 0.5) * (b != other)).mean(0)


# %% wrong mirrored_bits: the opposite is 1 - b: right at logit zero only
def disarm(f, logits: Tensor, u: Tensor) -> Tensor:
    p = torch.sigmoid(logits)
    b = (u > 1 - p).to(u.dtype)
    other = 1 - b
    weight = torch.sigmoid(logits.abs())
    difference = (f(b) - f(other)).unsqueeze(-1)
    return (0.5 * difference * (b - other) * weight).mean(0)


# %% wrong mean_given_b_only: the mean of u given b, not given the pair: (b - p) / 2
def disarm(f, logits: Tensor, u: Tensor) -> Tensor:
    p = torch.sigmoid(logits)
    b = (u > 1 - p).to(u.dtype)
    other = (1 - u > 1 - p).to(u.dtype)
    weight = torch.sigmoid(logits.abs())
    difference = (f(b) - f(other)).unsqueeze(-1)
    return (0.5 * difference * (b - p)).mean(0)


# %% wrong all_axes_but_the_last: averaged over the batch too, and expanded again: right without a batch or with one row
def disarm(f, logits: Tensor, u: Tensor) -> Tensor:
    p = torch.sigmoid(logits)
    b = (u > 1 - p).to(u.dtype)
    other = (1 - u > 1 - p).to(u.dtype)
    weight = torch.sigmoid(logits.abs())
    difference = (f(b) - f(other)).unsqueeze(-1)
    return (0.5 * difference * (b - other) * weight).flatten(0, -2).mean(0).expand(u.shape[1:]).clone()


# %% wrong clamped_logits: logits clamped to [-4, 4] in the weight
def disarm(f, logits: Tensor, u: Tensor) -> Tensor:
    p = torch.sigmoid(logits)
    b = (u > 1 - p).to(u.dtype)
    other = (1 - u > 1 - p).to(u.dtype)
    weight = torch.sigmoid(logits.clamp(-4, 4).abs())
    difference = (f(b) - f(other)).unsqueeze(-1)
    return (0.5 * difference * (b - other) * weight).mean(0)


# %% wrong asked_bit_by_bit: right numbers, but f is asked anew for each bit: D times too dear
def disarm(f, logits: Tensor, u: Tensor) -> Tensor:
    p = torch.sigmoid(logits)
    b = (u > 1 - p).to(u.dtype)
    other = (1 - u > 1 - p).to(u.dtype)
    weight = torch.sigmoid(logits.abs())
    difference = torch.stack([f(b) - f(other) for _ in range(u.shape[-1])], -1)
    return (0.5 * difference * (b - other) * weight).mean(0)


# %% wrong mean_over_the_draws: the mean of |u - 1/2| of the draws at hand that differ, not of the law
def disarm(f, logits: Tensor, u: Tensor) -> Tensor:
    p = torch.sigmoid(logits)
    b = (u > 1 - p).to(u.dtype)
    other = (1 - u > 1 - p).to(u.dtype)
    apart = (b != other).to(u.dtype)
    weight = 2 * ((u - 0.5).abs() * apart).sum(0) / apart.sum(0).clamp_min(1)
    difference = (f(b) - f(other)).unsqueeze(-1)
    return (0.5 * difference * (b - other) * weight).mean(0)


# %% wrong pairs_that_differ_only: averaged over the pairs that differ in the bit, not over all K
def disarm(f, logits: Tensor, u: Tensor) -> Tensor:
    p = torch.sigmoid(logits)
    b = (u > 1 - p).to(u.dtype)
    other = (1 - u > 1 - p).to(u.dtype)
    weight = torch.sigmoid(logits.abs())
    difference = (f(b) - f(other)).unsqueeze(-1)
    return (0.5 * difference * (b - other) * weight).sum(0) / (b != other).sum(0).clamp_min(1)


# %% wrong uniforms_in_place: right numbers, but u is turned into 1 - u in place
def disarm(f, logits: Tensor, u: Tensor) -> Tensor:
    p = torch.sigmoid(logits)
    b = (u > 1 - p).to(u.dtype)
    other = (u.neg_().add_(1) > 1 - p).to(u.dtype)
    weight = torch.sigmoid(logits.abs())
    difference = (f(b) - f(other)).unsqueeze(-1)
    return (0.5 * difference * (b - other) * weight).mean(0)


# %% wrong float32_weight: the weight goes through single precision
def disarm(f, logits: Tensor, u: Tensor) -> Tensor:
    p = torch.sigmoid(logits)
    b = (u > 1 - p).to(u.dtype)
    other = (1 - u > 1 - p).to(u.dtype)
    weight = torch.sigmoid(logits.float().abs()).double()
    difference = (f(b) - f(other)).unsqueeze(-1)
    return (0.5 * difference * (b - other) * weight).mean(0)
