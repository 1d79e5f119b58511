import itertools
import math

import torch
from torch import Tensor

# %% right richardson_over_bitmasks: log sums of all subsets by one pass over bit masks, then Neville's recursion to 1/n = 0 in place of any coefficient
def jackknife(log_w: Tensor, order: int) -> Tensor:
    count = len(log_w)
    if order < 0 or order >= count:
        raise ValueError(f"order is {order}; expected 0 to {count - 1}")
    sums = {}
    for mask in range(1, 2**count):
        low = (mask & -mask).bit_length() - 1
        rest = mask & (mask - 1)
        sums[mask] = log_w[low] if rest == 0 else torch.logaddexp(sums[rest], log_w[low])
    sizes = [count - j for j in range(order + 1)]
    level = [
        torch.stack([value for mask, value in sums.items() if mask.bit_count() == n]).mean(0) - math.log(n) for n in sizes
    ]

    def extrapolate(first, last):
        if first == last:
            return level[first]
        near, far = sizes[first], sizes[last]
        return (near * extrapolate(first, last - 1) - far * extrapolate(first + 1, last)) / (near - far)

    return extrapolate(0, order)


# %% wrong jackknife_of_jackknife: order two is the first-order formula applied to itself, which removes c_1 but leaves some of c_2
def jackknife(log_w: Tensor, order: int) -> Tensor:
    count = len(log_w)
    if order < 0 or order >= count:
        raise ValueError("a set of no samples")

    def level(rows, depth):
        n = len(rows)
        if depth == 0:
            return torch.logsumexp(log_w[list(rows)], 0) - math.log(n)
        left = torch.stack([level(rows[:j] + rows[j + 1 :], depth - 1) for j in range(n)]).mean(0)
        return n * level(rows, depth - 1) - (n - 1) * left

    return level(tuple(range(count)), order)


# %% wrong consecutive_sets: the sets of n samples are the K windows of neighbours, which is all of them for one left out, and not for two
def jackknife(log_w: Tensor, order: int) -> Tensor:
    count = len(log_w)
    if order < 0 or order >= count:
        raise ValueError("a set of no samples")
    total = torch.zeros_like(log_w[0])
    for j in range(order + 1):
        n = count - j
        windows = torch.stack([torch.logsumexp(torch.roll(log_w, -s, 0)[:n], 0) for s in range(count)])
        weight = (-1) ** j * n**order / (math.factorial(j) * math.factorial(order - j))
        total = total + weight * (windows.mean(0) - math.log(n))
    return total


# %% wrong total_less_own: the sum without some samples is the total less theirs, in normalized weights; where one weight is nearly all, no digit of the rest is left
def jackknife(log_w: Tensor, order: int) -> Tensor:
    count = len(log_w)
    if order < 0 or order >= count:
        raise ValueError("a set of no samples")
    total = torch.logsumexp(log_w, 0)
    share = torch.softmax(log_w, 0)
    estimate = torch.zeros_like(total)
    for j in range(order + 1):
        n = count - j
        logs = []
        for left_out in itertools.combinations(range(count), j):
            kept = 1 - share[list(left_out)].sum(0)
            logs.append(total + kept.clamp(min=1e-300).log())
        weight = (-1) ** j * n**order / (math.factorial(j) * math.factorial(order - j))
        estimate = estimate + weight * (torch.stack(logs).mean(0) - math.log(n))
    return estimate


# %% wrong kept_within_the_weights: a log mean cannot exceed the largest log weight, the student reasons, and clips the jackknife there; but it is no mean
def jackknife(log_w: Tensor, order: int) -> Tensor:
    count = len(log_w)
    if order < 0 or order >= count:
        raise ValueError("a set of no samples")
    estimate = torch.zeros_like(log_w[0])
    for j in range(order + 1):
        n = count - j
        sets = torch.stack([torch.logsumexp(log_w[list(rows)], 0) for rows in itertools.combinations(range(count), n)])
        weight = (-1) ** j * n**order / (math.factorial(j) * math.factorial(order - j))
        estimate = estimate + weight * (sets.mean(0) - math.log(n))
    return torch.minimum(estimate, log_w.amax(0))
