import numpy as np
import torch
from torch import Tensor


def moves(tau, m):
    """Moves of X up to the later of tau and m, and of Y up to tau - 1."""
    return max(tau, m) + tau - 1


def weighted(ahead, behind, weights):
    """The sum over t = 1, 2, ..., tau - 1 of weight(t) times h(X_t) - h(Y_{t-1})."""
    total = torch.zeros_like(ahead[0])
    for t in range(1, len(behind)):
        total = total + weights(t) * (ahead[t] - behind[t - 1])
    return total


# %% right weights_of_corrections: the correction at time t is in min(t - k, m - k + 1) of the estimates; one weighted sum
def unbiased_estimate(ahead, behind, k, m):
    tau, n = len(behind), m - k + 1
    t = torch.arange(1, tau, dtype=ahead.dtype)
    weights = ((t - k) / n).clamp(0, 1)
    shape = (-1,) + (1,) * (ahead.dim() - 1)
    value = ahead[k : m + 1].mean(0) + (weights.view(shape) * (ahead[1:tau] - behind[: tau - 1])).sum(0)
    return value, max(tau, m) + tau - 1


# %% right each_estimate_literally: loops over l = k, ..., m and writes every H_l out as it is defined, in NumPy; a list comes back
def unbiased_estimate(ahead, behind, k, m):
    X, Y = np.array(ahead, dtype=float), np.array(behind, dtype=float)
    tau, found = len(Y), []
    for l in range(k, m + 1):
        H = X[l].copy()
        for t in range(l + 1, tau):
            H += X[t] - Y[t - 1]
        found.append(H)
    cost = 1                      # X_1 is drawn alone
    for t in range(2, max(tau, m) + 1):
        cost += 2 if t <= tau else 1
    return [np.mean(found, axis=0), cost]


# %% right summed_by_parts: H_l = h(X_l) + ... + h(X_{tau-1}) - h(Y_l) - ... - h(Y_{tau-2}) for l < tau, by one backward recursion
def unbiased_estimate(ahead, behind, k, m):
    tau = len(behind)
    total, H = torch.zeros_like(ahead[0]), None
    for l in range(max(m, tau - 1), k - 1, -1):
        if l >= tau - 1:
            H = ahead[l]
        else:
            H = H + ahead[l] - behind[l]
        if l <= m:
            total = total + H
    return total / (m - k + 1), 2 * tau - 1 + max(0, m - tau)


# %% wrong no_lag: the two chains are compared at the same time, h(X_t) - h(Y_t); that difference has mean zero and corrects nothing
def unbiased_estimate(ahead, behind, k, m):
    tau, n = len(behind), m - k + 1
    value = ahead[k : m + 1].mean(0)
    for t in range(k + 1, tau):
        value = value + min(1.0, (t - k) / n) * (ahead[t] - behind[t])
    return value, moves(tau, m)


# %% wrong weight_off_by_one: the correction at time t counts in t - k + 1 of the estimates; it is in H_k, ..., H_{t-1}, which are t - k (for k = m both are capped at one)
def unbiased_estimate(ahead, behind, k, m):
    n = m - k + 1
    value = ahead[k : m + 1].mean(0) + weighted(ahead, behind, lambda t: min(1.0, (t - k + 1) / n) if t > k else 0.0)
    return value, moves(len(behind), m)


# %% wrong full_weight: the plain mean of the window plus all corrections from k + 1 on; corrections within the window belong to some of the estimates only
def unbiased_estimate(ahead, behind, k, m):
    value = ahead[k : m + 1].mean(0) + weighted(ahead, behind, lambda t: 1.0 if t > k else 0.0)
    return value, moves(len(behind), m)


# %% wrong only_after_the_window: the plain mean of the window plus the corrections after m, with weight one; those of k + 1, ..., m are forgotten (right if k = m, or if they met by k + 1)
def unbiased_estimate(ahead, behind, k, m):
    value = ahead[k : m + 1].mean(0) + weighted(ahead, behind, lambda t: 1.0 if t > m else 0.0)
    return value, moves(len(behind), m)


# %% wrong weight_not_capped: (t - k) / (m - k + 1) for every t; beyond m it grows over one (right as long as they meet soon after m)
def unbiased_estimate(ahead, behind, k, m):
    value = ahead[k : m + 1].mean(0) + weighted(ahead, behind, lambda t: max(0, t - k) / (m - k + 1))
    return value, moves(len(behind), m)


# %% wrong stops_at_m: corrections after m are left out, since the window ends there; biased whenever tau is over m + 1
def unbiased_estimate(ahead, behind, k, m):
    n = m - k + 1
    value = ahead[k : m + 1].mean(0) + weighted(ahead, behind, lambda t: (t - k) / n if k < t <= m else 0.0)
    return value, moves(len(behind), m)


# %% wrong met_when_values_agree: the corrections end at the first time at which the values of h agree; but h may be equal in different states
def unbiased_estimate(ahead, behind, k, m):
    tau, n = len(behind), m - k + 1
    value = ahead[k : m + 1].mean(0)
    for t in range(1, tau):
        if torch.equal(ahead[t], behind[t - 1]):
            break
        value = value + max(0.0, min(1.0, (t - k) / n)) * (ahead[t] - behind[t - 1])
    return value, moves(tau, m)


# %% wrong correction_from_k: the first increment is taken at t = k, so H_k begins with a difference too much (right at k = 0, where there is none before)
def unbiased_estimate(ahead, behind, k, m):
    n = m - k + 1
    value = ahead[k : m + 1].mean(0) + weighted(ahead, behind, lambda t: min(1.0, (t - k + 1) / n) if t >= max(k, 1) and k > 0
                                                else (min(1.0, t / n) if k == 0 else 0.0))
    return value, moves(len(behind), m)


# %% wrong cost_of_two_chains_to_the_end: both chains are charged up to the later of tau and m; after the meeting one chain is enough (right if they meet at m or later)
def unbiased_estimate(ahead, behind, k, m):
    n = m - k + 1
    value = ahead[k : m + 1].mean(0) + weighted(ahead, behind, lambda t: min(1.0, max(0, t - k) / n))
    return value, 2 * max(len(behind), m) - 1


# %% wrong weights_in_single_precision: torch.arange(...) / n is float32, and so are the weights; the result looks like double precision, with some seven digits (exact where n is a power of two)
def unbiased_estimate(ahead, behind, k, m):
    tau = len(behind)
    weights = ((torch.arange(1, tau) - k) / (m - k + 1)).clamp(0, 1)
    differences = ahead[1:tau] - behind[: tau - 1]
    value = ahead[k : m + 1].mean(0) + (weights.view(-1, *[1] * (ahead.dim() - 1)) * differences).sum(0)
    return value, moves(tau, m)


# %% wrong both_starts_counted: the two draws from the start are charged as well; "the starts are no transitions"
def unbiased_estimate(ahead, behind, k, m):
    n = m - k + 1
    value = ahead[k : m + 1].mean(0) + weighted(ahead, behind, lambda t: min(1.0, max(0, t - k) / n))
    return value, moves(len(behind), m) + 2


# %% wrong meeting_move_counts_once: at the move by which they meet both land in one state, so I count it as one; but both chains were apart, and both were drawn
def unbiased_estimate(ahead, behind, k, m):
    tau, n = len(behind), m - k + 1
    value = ahead[k : m + 1].mean(0) + weighted(ahead, behind, lambda t: min(1.0, max(0, t - k) / n))
    return value, 1 + 2 * max(0, tau - 2) + (1 if tau > 1 else 0) + max(0, m - tau)


# %% wrong on_to_k: after the meeting X goes on to k only, the burn-in; the window needs it up to m
def unbiased_estimate(ahead, behind, k, m):
    tau, n = len(behind), m - k + 1
    value = ahead[k : m + 1].mean(0) + weighted(ahead, behind, lambda t: min(1.0, max(0, t - k) / n))
    return value, moves(tau, k)


# %% wrong mean_over_everything: the window's mean is .mean() over all axes, and so are the corrections; right where h is one number
def unbiased_estimate(ahead, behind, k, m):
    n = m - k + 1
    value = ahead[k : m + 1].mean() + weighted(ahead, behind, lambda t: min(1.0, max(0, t - k) / n)).mean()
    return value.expand(ahead.shape[1:]), moves(len(behind), m)


# %% wrong window_to_the_end: the mean of h along X is taken from k to the end of `ahead`; right if the chains met by m, else the run goes on beyond the window
def unbiased_estimate(ahead, behind, k, m):
    n = m - k + 1
    value = ahead[k:].mean(0) + weighted(ahead, behind, lambda t: min(1.0, max(0, t - k) / n))
    return value, moves(len(behind), m)


# %% wrong differences_in_place: the differences are written into `ahead` after the window's mean was taken; the estimate is right, and the caller's run is spoilt
def unbiased_estimate(ahead, behind, k, m):
    tau, n = len(behind), m - k + 1
    value = ahead[k : m + 1].mean(0)
    ahead[1:tau] -= behind[: tau - 1]
    for t in range(k + 1, tau):
        value = value + min(1.0, (t - k) / n) * ahead[t]
    return value, moves(tau, m)
