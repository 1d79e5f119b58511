# %% right best_order: All six orders are held against the exact means at both numbers of samples.
import itertools

import torch

NAMES = ["biased", "noisy", "another target"]


def name_them(draws, samples, logits, log_p):
    z = torch.tensor(list(itertools.product([0.0, 1.0], repeat=3)), dtype=logits.dtype)
    log_q = (z * logits - torch.nn.functional.softplus(logits)).sum(-1)
    weights, score, f = log_q.exp(), z - torch.sigmoid(logits), log_p.reshape(-1)
    exact = (weights * (f - log_q)) @ score
    other = (weights * f) @ score
    misfit = torch.zeros(3, 3, dtype=draws.dtype)
    for which, count in enumerate(samples):
        mean, error = draws[:, which].mean(1), draws[:, which].std(1) / draws.shape[2] ** 0.5
        for row, target in enumerate(((1 - 1 / count) * exact, exact, other)):
            misfit[row] += ((mean - target) / error).square().sum(-1)
    orders = itertools.permutations(range(3))
    best = min(orders, key=lambda order: sum(misfit[order[i], i] for i in range(3)))
    return [NAMES[row] for row in best]


# %% right in_turn: First whoever has the exact mean, then whoever has that of the other target; in NumPy.
import itertools

import numpy as np


def name_them(draws, samples, logits, log_p):
    draws, logits, log_p = draws.numpy(), logits.numpy(), log_p.numpy()
    p = 1 / (1 + np.exp(-logits))
    states = np.array(list(itertools.product((0, 1), repeat=3)))
    weights = np.where(states == 1, p, 1 - p).prod(-1)
    score, f = states - p, log_p.ravel()
    exact, other = weights * (f - np.log(weights)) @ score, weights * f @ score
    error = draws.std(2) / draws.shape[2] ** 0.5

    def off(i, target):
        return sum((((draws[i, j].mean(0) - target) / error[i, j]) ** 2).sum() for j in range(2))

    left = [0, 1, 2]
    noisy = min(left, key=lambda i: off(i, exact))
    left.remove(noisy)
    apart = min(left, key=lambda i: off(i, other))
    left.remove(apart)
    names = {noisy: "noisy", apart: "another target", left[0]: "biased"}
    return [names[i] for i in range(3)]


# %% right by_loops: Expectations by loops over the states; persons are compared at both numbers of samples.
import itertools
import math

import torch


def name_them(draws, samples, logits, log_p):
    p = [1 / (1 + math.exp(-float(logit))) for logit in logits]
    exact, other = [0.0] * 3, [0.0] * 3
    for state in itertools.product((0, 1), repeat=3):
        log_q = sum(math.log(p[i] if bit else 1 - p[i]) for i, bit in enumerate(state))
        for i, bit in enumerate(state):
            exact[i] += math.exp(log_q) * (bit - p[i]) * (float(log_p[state]) - log_q)
            other[i] += math.exp(log_q) * (bit - p[i]) * float(log_p[state])
    best, least = None, float("inf")
    for order in itertools.permutations(["biased", "noisy", "another target"]):
        total = 0.0
        for person, name in enumerate(order):
            for j, count in enumerate(samples):
                there = other if name == "another target" else exact
                shrunk = 1 - 1 / count if name == "biased" else 1.0
                for i in range(3):
                    mine = draws[person, j, :, i]
                    error = float(mine.std()) / math.sqrt(len(mine))
                    total += ((float(mine.mean()) - shrunk * there[i]) / error) ** 2
        if total < least:
            best, least = order, total
    return tuple(best)


# %% wrong by_spread, from right best_order: The loudest is called noisy, and the quietest biased.
# diagnosis: another_target_for_noisy
#-     orders = itertools.permutations(range(3))
#-     best = min(orders, key=lambda order: sum(misfit[order[i], i] for i in range(3)))
#+     spread = draws[:, 0].var(1).sum(-1)
#+     best = [1, 1, 1]
#+     best[int(spread.argmin())] = 0
#+     best[({0, 1, 2} - {int(spread.argmax()), int(spread.argmin())}).pop()] = 2


# %% wrong as_they_come, from right best_order: The order in which the statement lists them is taken for theirs.
# diagnosis: always_the_same
#-     return [NAMES[row] for row in best]
#+     return NAMES


# %% wrong nearer_is_biased, from right best_order: Of the two that are off the nearer one is called biased, as if a bias were small.
# diagnosis: another_target_for_biased
#-     orders = itertools.permutations(range(3))
#-     best = min(orders, key=lambda order: sum(misfit[order[i], i] for i in range(3)))
#+     noisy, biased, apart = misfit[1].argsort().tolist()
#+     best = [{noisy: 1, biased: 0, apart: 2}[i] for i in range(3)]


# %% wrong entropy_forgotten, from right best_order: The exact gradient is computed without log q, so that the other target passes for right.
# diagnosis: another_target_for_noisy
#-     exact = (weights * (f - log_q)) @ score
#+     exact = (weights * f) @ score
#-     other = (weights * f) @ score
#+     other = (weights * (f - log_q)) @ score


# %% wrong bits_reversed, from right best_order: The table is read with bit 0 on its last axis.
# diagnosis: property
#-     weights, score, f = log_q.exp(), z - torch.sigmoid(logits), log_p.reshape(-1)
#+     weights, score, f = log_q.exp(), z - torch.sigmoid(logits), log_p.permute(2, 1, 0).reshape(-1)


# %% wrong one_name_twice, from right best_order: Each is named by itself, whatever the others are called.
# diagnosis: form
#-     orders = itertools.permutations(range(3))
#-     best = min(orders, key=lambda order: sum(misfit[order[i], i] for i in range(3)))
#+     best = [1 if each < 30 else 0 for each in misfit[1]]


# %% wrong places_not_persons, from right best_order: The numbers of the names are returned, and not the names.
# diagnosis: form
#-     return [NAMES[row] for row in best]
#+     return list(best)


# %% wrong persons_by_name, from right best_order: For each name the place of its person is found, and the names are put in that order.
# diagnosis: property
#-     return [NAMES[row] for row in best]
#+     return [NAMES[best.index(name)] for name in range(3)]
