# %% right vectorized: All replacements at once.
import torch


def vimco(log_w, score):
    K = log_w.shape[0]
    if K < 2:
        raise ValueError("two samples or more")
    others = (log_w.sum(0) - log_w) / (K - 1)
    table = log_w.unsqueeze(0).expand(K, *log_w.shape).clone()
    table[torch.arange(K), torch.arange(K)] = others
    credit = log_w.logsumexp(0) - table.logsumexp(1)
    return ((credit - log_w.softmax(0)).unsqueeze(-1) * score).sum(0)


# %% right loops: Datum by datum in NumPy.
import numpy as np
from scipy.special import logsumexp


def vimco(log_w, score):
    l, s = log_w.numpy(), score.numpy()
    K = len(l)
    if K == 1:
        raise ValueError("one sample has no others")
    out = np.zeros(s.shape[1:])
    for b in np.ndindex(*l.shape[1:]):
        column = l[(slice(None), *b)]
        whole = logsumexp(column)
        for k in range(K):
            rest = np.delete(column, k)
            without = logsumexp(np.append(rest, rest.mean()))
            out[b] += (whole - without - np.exp(column[k] - whole)) * s[(k, *b)]
    return out


# %% right autograd: The direct term from the slope of the bound, found by torch.
import torch


def bound(log_w):
    return torch.logsumexp(log_w, 0) - torch.log(torch.tensor(float(len(log_w)), dtype=log_w.dtype))


def vimco(log_w, score):
    if len(log_w) < 2:
        raise ValueError("needs two samples")
    l = log_w.clone().requires_grad_()
    (share,) = torch.autograd.grad(bound(l).sum(), l)
    total = torch.zeros_like(score[0])
    for k in range(len(log_w)):
        rest = torch.cat([log_w[:k], log_w[k + 1:]])
        baseline = bound(torch.cat([rest, rest.mean(0, keepdim=True)]))
        credit = bound(log_w) - baseline
        total = total + (credit - share[k])[..., None] * score[k]
    return total


# %% wrong no_density, from right vectorized: The bound's direct dependence on q is forgotten.
# diagnosis: density_lost
#-     return ((credit - log_w.softmax(0)).unsqueeze(-1) * score).sum(0)
#+     return (credit.unsqueeze(-1) * score).sum(0)


# %% wrong density_added, from right vectorized: The direct term has the other sign.
# diagnosis: density_sign
#-     return ((credit - log_w.softmax(0)).unsqueeze(-1) * score).sum(0)
#+     return ((credit + log_w.softmax(0)).unsqueeze(-1) * score).sum(0)


# %% wrong as_in_elbo, from right vectorized: The direct term as it is for a mean log weight.
# diagnosis: equal_shares
#-     return ((credit - log_w.softmax(0)).unsqueeze(-1) * score).sum(0)
#+     return ((credit - 1 / K).unsqueeze(-1) * score).sum(0)


# %% wrong whole, from right autograd: Every sample gets the whole bound.
# diagnosis: whole_bound
#-         credit = bound(log_w) - baseline
#+         credit = bound(log_w)


# %% wrong arithmetic, from right autograd: The arithmetic mean of the others.
# diagnosis: arithmetic
#-         baseline = bound(torch.cat([rest, rest.mean(0, keepdim=True)]))
#+         baseline = bound(torch.cat([rest, bound(rest).unsqueeze(0)]))


# %% wrong own_too, from right autograd: The geometric mean of all samples, the own one included.
# diagnosis: own_weight
#-         baseline = bound(torch.cat([rest, rest.mean(0, keepdim=True)]))
#+         baseline = bound(torch.cat([rest, log_w.mean(0, keepdim=True)]))


# %% wrong averaged, from right vectorized: A mean over the samples.
# diagnosis: mean_over_samples
#-     return ((credit - log_w.softmax(0)).unsqueeze(-1) * score).sum(0)
#+     return ((credit - log_w.softmax(0)).unsqueeze(-1) * score).mean(0)


# %% wrong dropped, from right vectorized: The weight is left out, and the mean is still over K.
# diagnosis: dropped
#-     table[torch.arange(K), torch.arange(K)] = others
#+     table[torch.arange(K), torch.arange(K)] = -torch.inf


# %% wrong taken, from right loops: One sample is taken, and credited with nothing.
# diagnosis: not_refused
#-     if K == 1:
#-         raise ValueError("one sample has no others")
#+     if K == 1:
#+         return np.zeros(s.shape[1:])


# %% wrong exponentials, from right vectorized: Weights are exponentiated before they are compared.
# diagnosis: not_finite
#-     credit = log_w.logsumexp(0) - table.logsumexp(1)
#+     credit = log_w.exp().sum(0).log() - table.exp().sum(1).log()
