import math

import numpy as np
import torch
from torch import Tensor


def log_mean(log_w):
    return torch.logsumexp(log_w, 0) - math.log(len(log_w))


def finish(log_w, score, without):  # whole bound less each row's baseline, less the normalized weights, times the scores; for the answers that share it
    credit = log_mean(log_w) - without - log_w.softmax(0)
    return (credit.unsqueeze(-1) * score).sum(0)


# %% right swap_by_diagonal: all K swapped copies at once by where on a diagonal mask
def vimco(log_w, score):
    k = len(log_w)
    if k < 2:
        raise ValueError("no other samples")
    geometric = (log_w.sum(0) - log_w) / (k - 1)
    same = torch.eye(k, dtype=torch.bool).reshape(k, k, *[1] * (log_w.dim() - 1))
    swapped = torch.where(same, geometric.unsqueeze(0), log_w.unsqueeze(1))      # (place, copy): place k of copy k
    without = torch.logsumexp(swapped, 0) - math.log(k)
    credit = log_mean(log_w) - without - log_w.softmax(0)
    return (credit.unsqueeze(-1) * score).sum(0)

# %% right plain_loops: Python floats, datum by datum and sample by sample
def vimco(log_w, score):
    k = log_w.shape[0]
    if k == 1:
        raise ValueError("one sample has no others")
    w, s = log_w.reshape(k, -1).tolist(), score.reshape(k, -1, score.shape[-1]).numpy()

    def log_average(values):
        top = max(values)
        return top + math.log(math.fsum(math.exp(v - top) for v in values) / len(values))

    out = np.zeros(s.shape[1:])
    for b in range(s.shape[1]):
        column = [row[b] for row in w]
        whole = log_average(column)
        for i in range(k):
            others = column[:i] + column[i + 1:]
            stand_in = math.fsum(others) / (k - 1)
            normalized = math.exp(column[i] - whole) / k
            out[b] += (whole - log_average(others + [stand_in]) - normalized) * s[i, b]
    return out.reshape(score.shape[1:])

# %% right vmap_and_autograd: the explicit part as the derivative of the bound in the log weights, the credits by vmap over the sample that is replaced
def vimco(log_w, score):
    k = len(log_w)
    if k < 2:
        raise ValueError("at least two samples")
    flat = log_w.detach().reshape(k, -1)
    slope = torch.func.grad(lambda w: log_mean(w).sum())(flat)

    def added(keep):
        keep = keep.unsqueeze(-1)
        mean = (keep * flat).sum(0) / (k - 1)
        return log_mean(flat) - log_mean(keep * flat + (1 - keep) * mean)

    credit = torch.func.vmap(added)(1 - torch.eye(k, dtype=flat.dtype))
    return torch.einsum("kb,kbp->bp", credit - slope, score.reshape(k, -1, score.shape[-1])).reshape(score.shape[1:])

# %% wrong leave_one_out_bound: the baseline is the log mean weight of the K - 1 others (the arithmetic mean stands in); unbiased, and the same for K = 2
def vimco(log_w, score):
    k = len(log_w)
    if k < 2:
        raise ValueError("others")
    without = torch.stack([log_mean(torch.cat((log_w[:i], log_w[i + 1:]))) for i in range(k)])
    return finish(log_w, score, without)

# %% wrong equal_weights: the second part is the plain mean of the scores and not the one with normalized weights; right where all weights are equal
def vimco(log_w, score):
    k = len(log_w)
    if k < 2:
        raise ValueError("others")
    geometric = (log_w.sum(0) - log_w) / (k - 1)
    without = torch.stack([log_mean(torch.cat((log_w[:i], log_w[i + 1:], geometric[i : i + 1]))) for i in range(k)])
    credit = log_mean(log_w) - without - 1 / k
    return (credit.unsqueeze(-1) * score).sum(0)

# %% wrong sum_less_own: the swapped sum as total less own plus geometric mean, all over the largest; a sample that dominates leaves 0 or nothing of its digits
def vimco(log_w, score):
    k = len(log_w)
    if k < 2:
        raise ValueError("others")
    top = log_w.amax(0)
    w = (log_w - top).exp()
    geometric = ((log_w.sum(0) - log_w) / (k - 1) - top).exp()
    without = top + (w.sum(0) - w + geometric).log() - math.log(k)
    return finish(log_w, score, without)

# %% wrong median_stand_in: the median log weight of the others for their mean; right for K = 2 and 3
def vimco(log_w, score):
    k = len(log_w)
    if k < 2:
        raise ValueError("others")
    rows = []
    for i in range(k):
        others = torch.cat((log_w[:i], log_w[i + 1:]))
        rows.append(log_mean(torch.cat((others, others.quantile(0.5, 0).unsqueeze(0)))))
    return finish(log_w, score, torch.stack(rows))

# %% wrong guard_on_batch: the ValueError looks at the last axis, so that a batch of one datum is refused and a single sample is not
def vimco(log_w, score):
    k = len(log_w)
    if log_w.shape[-1] < 2:
        raise ValueError("a single sample")
    geometric = (log_w.sum(0) - log_w) / (k - 1)
    without = torch.stack([log_mean(torch.cat((log_w[:i], log_w[i + 1:], geometric[i : i + 1]))) for i in range(k)])
    return finish(log_w, score, without)

# %% wrong softmax_last_axis: weights are normalized over the last axis, which is the data's; right without batch axes
def vimco(log_w, score):
    k = len(log_w)
    if k < 2:
        raise ValueError("others")
    geometric = (log_w.sum(0) - log_w) / (k - 1)
    without = torch.stack([log_mean(torch.cat((log_w[:i], log_w[i + 1:], geometric[i : i + 1]))) for i in range(k)])
    credit = log_mean(log_w) - without - log_w.softmax(-1)
    return (credit.unsqueeze(-1) * score).sum(0)

# %% wrong floor_of_thirty: log weights more than thirty nats below the largest are lifted to thirty below, which the geometric mean sees
def vimco(log_w, score):
    k = len(log_w)
    if k < 2:
        raise ValueError("others")
    log_w = torch.maximum(log_w, log_w.amax(0) - 30)
    geometric = (log_w.sum(0) - log_w) / (k - 1)
    without = torch.stack([log_mean(torch.cat((log_w[:i], log_w[i + 1:], geometric[i : i + 1]))) for i in range(k)])
    return finish(log_w, score, without)

# %% wrong stand_ins_pile_up: one copy for all samples, in which the earlier ones stay replaced; right for the first sample
def vimco(log_w, score):
    k = len(log_w)
    if k < 2:
        raise ValueError("others")
    swapped, rows = log_w.clone(), []
    for i in range(k):
        swapped[i] = (log_w.sum(0) - log_w[i]) / (k - 1)
        rows.append(log_mean(swapped))
    return finish(log_w, score, torch.stack(rows))

# %% wrong product_of_weights: the geometric mean as the root of a product of weights over the largest, which underflows to zero; zero is a good stand-in unless K is small and all others are far below
def vimco(log_w, score):
    k = len(log_w)
    if k < 2:
        raise ValueError("others")
    w, rows = (log_w - log_w.amax(0)).exp(), []
    for i in range(k):
        others = torch.cat((w[:i], w[i + 1:]))
        rows.append(log_w.amax(0) + torch.cat((others, others.prod(0, keepdim=True) ** (1 / (k - 1)))).mean(0).log())
    return finish(log_w, score, torch.stack(rows))

# %% wrong shifted_in_place: right numbers, but the caller's log weights have had their maximum taken off
def vimco(log_w, score):
    k = len(log_w)
    if k < 2:
        raise ValueError("others")
    log_w -= log_w.amax(0).clone()
    geometric = (log_w.sum(0) - log_w) / (k - 1)
    without = torch.stack([log_mean(torch.cat((log_w[:i], log_w[i + 1:], geometric[i : i + 1]))) for i in range(k)])
    return finish(log_w, score, without)

# %% wrong stand_in_left_out_of_count: K weights are summed, but the mean is over K - 1, a constant log K / (K - 1) in every credit; right where the scores add up to zero
def vimco(log_w, score):
    k = len(log_w)
    if k < 2:
        raise ValueError("others")
    geometric = (log_w.sum(0) - log_w) / (k - 1)
    without = torch.stack([torch.logsumexp(torch.cat((log_w[:i], log_w[i + 1:], geometric[i : i + 1])), 0) for i in range(k)]) - math.log(k - 1)
    return finish(log_w, score, without)

# %% wrong one_batch_axis: einsum with the letters k, b, p, which no datum without batch axes and no two batch axes fit
def vimco(log_w, score):
    k = len(log_w)
    if k < 2:
        raise ValueError("others")
    geometric = (log_w.sum(0) - log_w) / (k - 1)
    without = torch.stack([log_mean(torch.cat((log_w[:i], log_w[i + 1:], geometric[i : i + 1]))) for i in range(k)])
    return torch.einsum("kb,kbp->bp", log_mean(log_w) - without - log_w.softmax(0), score)
