import math

import numpy as np
import torch
from torch import Tensor


# %% right one_factor: reward less the mean of all, times K / (K - 1)
def leave_one_out(f: Tensor, score: Tensor) -> Tensor:
    K = f.shape[0]
    if K < 2:
        raise ValueError("leave-one-out needs two samples at least: a single one has no others")
    return ((f - f.mean(0)).unsqueeze(-1) * score).sum(0) / (K - 1)


# %% right loops_in_numpy: two loops over samples, the others picked out by a boolean mask
def leave_one_out(f, score):
    rewards, scores = f.detach().numpy(), score.detach().numpy()
    K = len(rewards)
    if K == 1:
        raise ValueError("with one sample there are no others")
    total = np.zeros(scores.shape[1:])
    for k in range(K):
        others = np.arange(K) != k
        total += (rewards[k] - rewards[others].mean(axis=0))[..., None] * scores[k]
    return torch.from_numpy(total / K)


# %% right sample_covariance: the estimate is the sample covariance of reward and score, from torch.cov for each datum
def leave_one_out(f, score):
    K, P = f.shape[0], score.shape[-1]
    if K == 1:
        raise ValueError("a covariance of a single sample does not exist")
    rows, columns = f.reshape(K, -1), score.reshape(K, -1, P)
    found = [torch.cov(torch.cat([rows[:, b : b + 1], columns[:, b]], 1).T)[0, 1:] for b in range(rows.shape[1])]
    return torch.stack(found).reshape(score.shape[1:])


# %% wrong next_sample: the baseline is one other sample, the next one round; right for two samples
def leave_one_out(f, score):
    if len(f) == 1:
        raise ValueError("no others")
    return ((f - f.roll(-1, 0)).unsqueeze(-1) * score).mean(0)


# %% wrong median_of_the_others: the median in place of the mean; the same for two and three samples
def leave_one_out(f, score):
    if len(f) == 1:
        raise ValueError("no others")
    base = np.stack([np.median(np.delete(f.detach().numpy(), k, 0), axis=0) for k in range(len(f))])
    return ((f - torch.from_numpy(base)).unsqueeze(-1) * score).mean(0)


# %% wrong others_by_value: the others are those with another reward: equal rewards are left out too
def leave_one_out(f, score):
    if len(f) == 1:
        raise ValueError("no others")
    other = f.unsqueeze(0) != f.unsqueeze(1)
    base = (other * f.unsqueeze(0)).sum(1) / other.sum(1).clamp(min=1)
    return ((f - base).unsqueeze(-1) * score).mean(0)


# %% wrong baseline_over_the_batch: the others' mean runs over the batch as well; right for a batch of one
def leave_one_out(f, score):
    if len(f) == 1:
        raise ValueError("no others")
    each = f.reshape(len(f), -1).mean(-1)
    base = ((each.sum() - each) / (len(f) - 1)).reshape(-1, *[1] * (f.dim() - 1))
    return ((f - base).unsqueeze(-1) * score).mean(0)


# %% wrong two_is_too_few: two samples are refused as well as one
def leave_one_out(f, score):
    K = f.shape[0]
    if K <= 2:
        raise ValueError("there must be other samples")
    return ((f - f.mean(0)).unsqueeze(-1) * score).sum(0) / (K - 1)


# %% wrong an_assertion: a single sample is refused by an AssertionError
def leave_one_out(f, score):
    K = f.shape[0]
    assert K > 1, "with one sample there are no others"
    return ((f - f.mean(0)).unsqueeze(-1) * score).sum(0) / (K - 1)


# %% wrong single_sample_unnoticed: the refusal looks at the last axis of f in place of the first
def leave_one_out(f, score):
    K = f.shape[0]
    if f.shape[-1] == 1 and f.dim() == 1:
        raise ValueError("with one sample there are no others")
    return ((f - f.mean(0)).unsqueeze(-1) * score).sum(0) / max(K - 1, 1)


# %% wrong rewards_overwritten: right numbers, but the caller's rewards are centred in place
def leave_one_out(f, score):
    K = f.shape[0]
    if K == 1:
        raise ValueError("with one sample there are no others")
    f -= f.mean(0)
    return (f.unsqueeze(-1) * score).sum(0) / (K - 1)


# %% wrong single_precision: rewards pass through float32: with a large common offset few digits are left
def leave_one_out(f, score):
    K = f.shape[0]
    if K == 1:
        raise ValueError("with one sample there are no others")
    g = f.float()
    return ((g - g.mean(0)).double().unsqueeze(-1) * score).sum(0) / (K - 1)


# %% wrong squeezed: axes of one are dropped from the result
def leave_one_out(f, score):
    K = f.shape[0]
    if K == 1:
        raise ValueError("with one sample there are no others")
    return (((f - f.mean(0)).unsqueeze(-1) * score).sum(0) / (K - 1)).squeeze()
