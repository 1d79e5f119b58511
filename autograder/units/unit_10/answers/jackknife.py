# %% right closed_form: The coefficients in closed form.
import math
from itertools import combinations

import torch


def jackknife(log_w, order):
    K = log_w.shape[0]
    if not 0 <= order < K:
        raise ValueError(f"order is {order}; expected 0 <= order < {K}")
    total = torch.zeros_like(log_w[0])
    for j in range(order + 1):
        c = (-1) ** j * (K - j) ** order / math.factorial(order - j) / math.factorial(j)
        kept = torch.tensor(list(combinations(range(K), K - j)))
        total = total + c * (torch.logsumexp(log_w[kept], 1) - math.log(K - j)).mean(0)
    return total


# %% right solved: The linear system, solved; NumPy.
from itertools import combinations

import numpy as np
from scipy.special import logsumexp


def jackknife(log_w, order):
    l = log_w.numpy()
    K = len(l)
    if order < 0 or order >= K:
        raise ValueError("too few samples for this order")
    sizes = np.arange(K, K - order - 1, -1)
    system = (sizes[None].astype(float) / K) ** -np.arange(order + 1)[:, None]
    c = np.linalg.solve(system, np.eye(order + 1)[0])
    bars = [
        np.mean([logsumexp(l[list(s)], axis=0) - np.log(n) for s in combinations(range(K), n)], axis=0)
        for n in sizes
    ]
    return np.tensordot(c, np.array(bars), 1)


# %% right extrapolated: Neville's scheme towards one over the size of zero; subsets by their masks.
import torch


def jackknife(log_w, order):
    K = len(log_w)
    if order not in range(K):
        raise ValueError(f"order {order} with {K} samples")
    groups = {}
    for mask in range(1, 2**K):
        kept = [k for k in range(K) if mask >> k & 1]
        if len(kept) >= K - order:
            groups.setdefault(len(kept), []).append(log_w[kept].logsumexp(0) - torch.log(torch.tensor(float(len(kept)), dtype=torch.float64)))
    sizes = [K - j for j in range(order + 1)]
    table = [torch.stack(groups[n]).mean(0) for n in sizes]
    for level in range(1, order + 1):
        table = [
            (sizes[i] * table[i] - sizes[i + level] * table[i + 1]) / (sizes[i] - sizes[i + level])
            for i in range(len(table) - 1)
        ]
    return table[0]


# %% wrong binomial, from right closed_form: The alternating binomials, which cancel powers of K and not of 1 / K.
# diagnosis: binomial
#-         c = (-1) ** j * (K - j) ** order / math.factorial(order - j) / math.factorial(j)
#+         c = (-1) ** j * math.comb(order + 1, j + 1)


# %% wrong same_size, from right closed_form: K where K - j belongs.
# diagnosis: sizes_alike
#-         c = (-1) ** j * (K - j) ** order / math.factorial(order - j) / math.factorial(j)
#+         c = (-1) ** j * K**order / math.factorial(order - j) / math.factorial(j)


# %% wrong one_set, from right closed_form: The first K - j samples stand for all sets of that size.
# diagnosis: one_subset
#-         kept = torch.tensor(list(combinations(range(K), K - j)))
#+         kept = torch.arange(K - j).unsqueeze(0)


# %% wrong order_one, from right closed_form: The order is ignored.
# diagnosis: order_one
#-     total = torch.zeros_like(log_w[0])
#+     total, order = torch.zeros_like(log_w[0]), min(order, 1)


# %% wrong summed, from right closed_form: Sums of weights in place of means.
# diagnosis: sum_not_mean
#-         total = total + c * (torch.logsumexp(log_w[kept], 1) - math.log(K - j)).mean(0)
#+         total = total + c * torch.logsumexp(log_w[kept], 1).mean(0)


# %% wrong over_k, from right closed_form: Every set is divided by K.
# diagnosis: divided_by_k
#-         total = total + c * (torch.logsumexp(log_w[kept], 1) - math.log(K - j)).mean(0)
#+         total = total + c * (torch.logsumexp(log_w[kept], 1) - math.log(K)).mean(0)


# %% wrong log_of_average, from right closed_form: The sets' mean weights are averaged before the logarithm, which gives back the bound itself.
# diagnosis: no_correction
#-         total = total + c * (torch.logsumexp(log_w[kept], 1) - math.log(K - j)).mean(0)
#+         inside = (torch.logsumexp(log_w[kept], 1) - math.log(K - j)).logsumexp(0)
#+         total = total + c * (inside - math.log(len(kept)))


# %% wrong unrefused, from right closed_form: An order that is too large is cut.
# diagnosis: not_refused
#-     if not 0 <= order < K:
#-         raise ValueError(f"order is {order}; expected 0 <= order < {K}")
#+     order = max(0, min(order, K - 1))


# %% wrong exponentiated, from right closed_form: Weights are exponentiated.
# diagnosis: not_finite
#-         total = total + c * (torch.logsumexp(log_w[kept], 1) - math.log(K - j)).mean(0)
#+         total = total + c * log_w[kept].exp().mean(1).log().mean(0)
