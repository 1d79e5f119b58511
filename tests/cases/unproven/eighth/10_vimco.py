import math

import torch
from torch import Tensor

# %% right one_sample_at_a_time: a loop that puts the mean of the others in each sample's place and gathers credit times score by einsum
def vimco(log_w: Tensor, score: Tensor) -> Tensor:
    count = len(log_w)
    if count < 2:
        raise ValueError("a single sample has no others")
    whole = torch.logsumexp(log_w, 0)
    factors = []
    for k in range(count):
        others = torch.cat([log_w[:k], log_w[k + 1 :]])
        replaced = torch.cat([others, others.mean(0, keepdim=True)])
        factors.append(whole - torch.logsumexp(replaced, 0) - (log_w[k] - whole).exp())
    return torch.einsum("k...,k...p->...p", torch.stack(factors), score)


# %% wrong mean_of_all: the geometric mean is that of all K weights, the sample's own included, so that the baseline knows z_k and the mean is off
def vimco(log_w: Tensor, score: Tensor) -> Tensor:
    count = len(log_w)
    if count < 2:
        raise ValueError("a single sample has no others")
    whole = torch.logsumexp(log_w, 0)
    stand_in = log_w.mean(0).expand_as(log_w)
    own = torch.eye(count, dtype=torch.bool, device=log_w.device).reshape(count, count, *([1] * (log_w.dim() - 1)))
    without = torch.logsumexp(torch.where(own, stand_in[None], log_w[None]), 1)
    return ((whole - without - torch.softmax(log_w, 0)).unsqueeze(-1) * score).sum(0)


# %% wrong share_taken_away: the bound without a sample is found by taking its share from one; where one weight is nearly all, what is left has no digits
def vimco(log_w: Tensor, score: Tensor) -> Tensor:
    count = len(log_w)
    if count < 2:
        raise ValueError("a single sample has no others")
    share = torch.softmax(log_w, 0)
    others = (log_w.sum(0) - log_w) / (count - 1)
    left = 1 - share + (others - torch.logsumexp(log_w, 0)).exp()
    credit = -left.clamp(min=1e-300).log()
    return ((credit - share).unsqueeze(-1) * score).sum(0)


# %% wrong normalized_signal: divides the credits of a datum by their standard deviation where that exceeds one, as NVIL does with its signal, which makes the estimate biased
def vimco(log_w: Tensor, score: Tensor) -> Tensor:
    count = len(log_w)
    if count < 2:
        raise ValueError("a single sample has no others")
    whole = torch.logsumexp(log_w, 0)
    others = (log_w.sum(0) - log_w) / (count - 1)
    own = torch.eye(count, dtype=torch.bool, device=log_w.device).reshape(count, count, *([1] * (log_w.dim() - 1)))
    without = torch.logsumexp(torch.where(own, others[None], log_w[None]), 1)
    credit = whole - without
    credit = credit / credit.std(0).clamp(min=1.0)
    return ((credit - torch.softmax(log_w, 0)).unsqueeze(-1) * score).sum(0)


# %% wrong each_other_in_turn: puts every other weight in the sample's place and averages the bounds, which is the geometric mean for two samples and another baseline for more
def vimco(log_w: Tensor, score: Tensor) -> Tensor:
    count = len(log_w)
    if count < 2:
        raise ValueError("a single sample has no others")
    whole = torch.logsumexp(log_w, 0)
    total = torch.zeros_like(score[0])
    for k in range(count):
        rest = [j for j in range(count) if j != k]
        without = torch.stack([torch.logsumexp(log_w[[*rest, j]], 0) for j in rest]).mean(0)
        total = total + (whole - without - (log_w[k] - whole).exp()).unsqueeze(-1) * score[k]
    return total
