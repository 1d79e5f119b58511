import math
from itertools import combinations

import numpy as np
import torch
from torch import Tensor


def log_mean(log_w):
    return torch.logsumexp(log_w, 0) - math.log(len(log_w))


def mean_over_sets(log_w, n):  # for the answers that share it
    return torch.stack([log_mean(log_w[list(s)]) for s in combinations(range(len(log_w)), n)]).mean(0)


# %% right closed_coefficients: (-1)^j (K - j)^m / (j! (m - j)!) for the sets that leave j out
def jackknife(log_w, order):
    k = len(log_w)
    if not 0 <= order < k:
        raise ValueError("the order runs from 0 to K - 1")
    total = 0.0
    for j in range(order + 1):
        a = (-1) ** j * (k - j) ** order / (math.factorial(j) * math.factorial(order - j))
        rows = torch.stack([log_w[list(kept)] for kept in combinations(range(k), k - j)])
        total = total + a * (torch.logsumexp(rows, 1) - math.log(k - j)).mean(0)
    return total

# %% right linear_algebra_numpy: the m + 1 equations solved in NumPy, every subset as a bit mask, datum by datum
def jackknife(log_w, order):
    w = np.asarray(log_w.detach()).reshape(len(log_w), -1)
    k = len(w)
    if order < 0 or k - order < 1:
        raise ValueError("no such order")
    sizes = np.arange(k, k - order - 1, -1)
    a = np.linalg.solve(np.array([[float(n) ** -r for n in sizes] for r in range(order + 1)]), np.eye(order + 1)[0])
    sums, counts = np.zeros((order + 1, w.shape[1])), np.zeros(order + 1)
    for mask in range(1, 2 ** k):
        rows = [i for i in range(k) if mask >> i & 1]
        j = k - len(rows)
        if j <= order:
            sums[j] += np.logaddexp.reduce(w[rows], axis=0) - math.log(len(rows))
            counts[j] += 1
    return (a @ (sums / counts[:, None])).reshape(log_w.shape[1:])

# %% right neville: extrapolation of the averages to 1/n = 0 by Neville's scheme, no coefficients at all
def jackknife(log_w, order):
    k = len(log_w)
    if order < 0 or order >= k:
        raise ValueError("an order from 0 to K - 1")
    inverse = [1 / (k - j) for j in range(order + 1)]
    level = [mean_over_sets(log_w, k - j) for j in range(order + 1)]
    for step in range(1, order + 1):
        level = [(inverse[i + step] * level[i] - inverse[i] * level[i + 1]) / (inverse[i + step] - inverse[i]) for i in range(order + 1 - step)]
    return level[0]

# %% wrong jackknife_of_the_jackknife: order one applied again and again with n and n - 1, which leaves a term in 1/n^2 from order two on
def jackknife(log_w, order):
    k = len(log_w)
    if not 0 <= order < k:
        raise ValueError("order")

    def recursive(rows, m):
        if m == 0:
            return log_mean(rows)
        n = len(rows)
        left_out = torch.stack([recursive(torch.cat((rows[:i], rows[i + 1:])), m - 1) for i in range(n)]).mean(0)
        return n * recursive(rows, m - 1) - (n - 1) * left_out

    return recursive(log_w, order)

# %% wrong windows: sets of neighbours on a circle in place of all sets; all of them for orders 0 and 1, too few beyond
def jackknife(log_w, order):
    k = len(log_w)
    if not 0 <= order < k:
        raise ValueError("order")
    total = 0
    for j in range(order + 1):
        a = (-1) ** j * (k - j) ** order / (math.factorial(j) * math.factorial(order - j))
        total = total + a * torch.stack([log_mean(log_w.roll(i, 0)[: k - j]) for i in range(k)]).mean(0)
    return total

# %% wrong thirty_sets_at_most: where there are more than thirty sets of a size, thirty drawn from the global stream; right up to K = 6
def jackknife(log_w, order):
    k = len(log_w)
    if not 0 <= order < k:
        raise ValueError("order")
    total = 0
    for j in range(order + 1):
        a = (-1) ** j * (k - j) ** order / (math.factorial(j) * math.factorial(order - j))
        sets = list(combinations(range(k), k - j))
        if len(sets) > 30:
            sets = [sets[i] for i in torch.randperm(len(sets))[:30].tolist()]
        total = total + a * torch.stack([log_mean(log_w[list(s)]) for s in sets]).mean(0)
    return total

# %% wrong straight_line_fit: a least-squares polynomial of degree m in 1/n through the averages of all sizes 1 to K; right for order K - 1 (and the mean has lost the same terms)
def jackknife(log_w, order):
    k = len(log_w)
    if not 0 <= order < k:
        raise ValueError("order")
    averages = torch.stack([mean_over_sets(log_w, n) for n in range(1, k + 1)])
    powers = np.array([[n ** -float(r) for r in range(order + 1)] for n in range(1, k + 1)])
    first = torch.as_tensor(np.linalg.pinv(powers)[0])
    return torch.tensordot(first, averages, 1)

# %% wrong binomial: iterated-difference coefficients with K^m - binomial(m, j) (K - 1)^j K^(m - j) - that are right for orders 0 and 1
def jackknife(log_w, order):
    k = len(log_w)
    if not 0 <= order < k:
        raise ValueError("order")
    total = 0
    for j in range(order + 1):
        a = (-1) ** j * math.comb(order, j) * (k - 1) ** j * k ** (order - j)
        total = total + a * mean_over_sets(log_w, k - j)
    return total

# %% wrong full_order_accepted: order K is let through, and the set of no samples makes NaN instead of a ValueError
def jackknife(log_w, order):
    k = len(log_w)
    if order < 0 or order > k:
        raise ValueError("order")
    total = 0
    for j in range(order + 1):
        a = (-1) ** j * (k - j) ** order / (math.factorial(j) * math.factorial(order - j))
        n = k - j
        rows = torch.stack([log_w[list(kept)] for kept in combinations(range(k), n)]) if n else torch.zeros(1, 0, *log_w.shape[1:])
        total = total + a * (torch.logsumexp(rows, 1) - (math.log(n) if n else 0)).mean(0)
    return total

# %% wrong negative_order: a negative order is not refused but read as an empty sum
def jackknife(log_w, order):
    k = len(log_w)
    if order >= k:
        raise ValueError("order")
    total = torch.zeros(log_w.shape[1:], dtype=log_w.dtype)
    for j in range(order + 1):
        a = (-1) ** j * (k - j) ** order / (math.factorial(j) * math.factorial(order - j))
        total = total + a * mean_over_sets(log_w, k - j)
    return total

# %% wrong one_sample_refused: a single sample raises, though order 0 of one sample is its log weight
def jackknife(log_w, order):
    k = len(log_w)
    if k < 2 or not 0 <= order < k:
        raise ValueError("a jackknife needs samples to leave out")
    total = 0
    for j in range(order + 1):
        a = (-1) ** j * (k - j) ** order / (math.factorial(j) * math.factorial(order - j))
        total = total + a * mean_over_sets(log_w, k - j)
    return total

# %% wrong ties_counted_once: the sets are gathered as a Python set of sorted values, so sets with equal weights are counted once
def jackknife(log_w, order):
    k = len(log_w)
    if not 0 <= order < k:
        raise ValueError("order")
    out = []
    for column in log_w.detach().reshape(k, -1).T.tolist():
        total = 0.0
        for j in range(order + 1):
            a = (-1) ** j * (k - j) ** order / (math.factorial(j) * math.factorial(order - j))
            sets = sorted(set(combinations(sorted(column), k - j)))
            total += a * sum(float(log_mean(torch.tensor(s, dtype=torch.float64))) for s in sets) / len(sets)
        out.append(total)
    return torch.tensor(out, dtype=torch.float64).reshape(log_w.shape[1:])

# %% wrong average_before_logarithm: the mean weights of the sets are averaged before the logarithm, which gives the log mean weight at every order
def jackknife(log_w, order):
    k = len(log_w)
    if not 0 <= order < k:
        raise ValueError("order")
    total = 0
    for j in range(order + 1):
        a = (-1) ** j * (k - j) ** order / (math.factorial(j) * math.factorial(order - j))
        total = total + a * log_mean(torch.stack([log_mean(log_w[list(s)]) for s in combinations(range(k), k - j)]))
    return total

# %% wrong single_precision_solve: the linear system in torch's default float32, three to five digits
def jackknife(log_w, order):
    k = len(log_w)
    if not 0 <= order < k:
        raise ValueError("order")
    sizes = torch.arange(k, k - order - 1, -1).float()
    system = sizes ** -torch.arange(order + 1).float()[:, None]
    a = torch.linalg.solve(system, torch.eye(order + 1)[0])
    return sum(a[j].item() * mean_over_sets(log_w, k - j) for j in range(order + 1))

# %% wrong shared_maximum: every subset's mean weight is exp(log w - overall maximum), -inf once the largest is left out and the others lie 750 nats below
def jackknife(log_w, order):
    k = len(log_w)
    if not 0 <= order < k:
        raise ValueError("order")
    top = log_w.amax(0)
    w = (log_w - top).exp()
    total = 0
    for j in range(order + 1):
        a = (-1) ** j * (k - j) ** order / (math.factorial(j) * math.factorial(order - j))
        total = total + a * torch.stack([w[list(s)].mean(0).log() for s in combinations(range(k), k - j)]).mean(0)
    return top + total
