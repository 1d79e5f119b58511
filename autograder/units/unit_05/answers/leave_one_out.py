# %% right repaired: All rewards around their mean, and the factor that repairs it.
def leave_one_out(f, score):
    count = f.shape[0]
    if count < 2:
        raise ValueError(f"f has {count} sample; expected two or more")
    return ((f - f.mean(0)).unsqueeze(-1) * score).sum(0) / (count - 1)


# %% right others: The mean of the others, sample by sample.
import torch


def leave_one_out(f, score):
    count = len(f)
    if count == 1:
        raise ValueError("one sample has no others")
    total = 0
    for k in range(count):
        others = torch.cat([f[:k], f[k + 1 :]]).mean(0)
        total = total + (f[k] - others)[..., None] * score[k]
    return total / count


# %% right pairs: Differences of all pairs, in NumPy.
import numpy as np
import torch


def leave_one_out(f, score):
    f, score = np.asarray(f), np.asarray(score)
    n = f.shape[0]
    if n < 2:
        raise ValueError("K must be at least 2")
    out = np.zeros(score.shape[1:])
    for i in range(n):
        for j in range(i):
            out += (f[i] - f[j])[..., None] * (score[i] - score[j])
    return torch.from_numpy(out / (n * (n - 1)))


# %% right matrix: A matrix of weights, zero on the diagonal, takes the means of the others.
import torch


def leave_one_out(f, score):
    K = f.shape[0]
    if K < 2:
        raise ValueError("leave-one-out needs two samples")
    weights = (torch.ones(K, K) - torch.eye(K)).to(f) / (K - 1)
    baseline = torch.einsum("jk,k...->j...", weights, f)
    return torch.einsum("k...,k...p->...p", f - baseline, score) / K


# %% wrong own_mean, from right repaired: The mean of all K rewards is the baseline, the sample's own among them.
# diagnosis: own_mean
#-     return ((f - f.mean(0)).unsqueeze(-1) * score).sum(0) / (count - 1)
#+     return ((f - f.mean(0)).unsqueeze(-1) * score).mean(0)


# %% wrong none, from right repaired: No baseline at all.
# diagnosis: no_baseline
#-     return ((f - f.mean(0)).unsqueeze(-1) * score).sum(0) / (count - 1)
#+     return (f.unsqueeze(-1) * score).mean(0)


# %% wrong over_k, from right repaired: The sum of the others is divided by K.
# diagnosis: others_over_k
#-     return ((f - f.mean(0)).unsqueeze(-1) * score).sum(0) / (count - 1)
#+     return ((f - (f.sum(0) - f) / count).unsqueeze(-1) * score).mean(0)


# %% wrong summed, from right repaired: A sum over the samples where a mean is asked.
# diagnosis: sum_over_samples
#-     return ((f - f.mean(0)).unsqueeze(-1) * score).sum(0) / (count - 1)
#+     return ((f - f.mean(0)).unsqueeze(-1) * score).sum(0) * count / (count - 1)


# %% wrong neighbour, from right repaired: The neighbour's reward serves as the baseline: unbiased, and noisier.
# diagnosis: one_other
#-     return ((f - f.mean(0)).unsqueeze(-1) * score).sum(0) / (count - 1)
#+     return ((f - f.roll(1, 0)).unsqueeze(-1) * score).mean(0)


# %% wrong over_data, from right matrix: The mean is taken over the data, of the same sample.
# diagnosis: batch_baseline
#-     weights = (torch.ones(K, K) - torch.eye(K)).to(f) / (K - 1)
#-     baseline = torch.einsum("jk,k...->j...", weights, f)
#+     baseline = f.mean(tuple(range(1, f.dim())), keepdim=True) if f.dim() > 1 else f.mean(0)


# %% wrong one_sample, from right repaired: A single sample is let through, and 0/0 is made of it.
# diagnosis: one_sample_taken
#-     if count < 2:
#-         raise ValueError(f"f has {count} sample; expected two or more")


# %% wrong twice, from right others: The factor K/(K - 1) is put in front of what needs none.
# diagnosis: repaired_twice
#-     return total / count
#+     return total / (count - 1)


# %% wrong product_of_means, from right repaired: Rewards and scores are averaged apart.
# diagnosis: score_averaged
#-     return ((f - f.mean(0)).unsqueeze(-1) * score).sum(0) / (count - 1)
#+     return (f - f.mean(0)).mean(0).unsqueeze(-1) * score.mean(0)
