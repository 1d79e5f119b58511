# %% right best_order: All six orders are held against the three exact means; the relaxed one by a fine grid of noise.
import itertools

import torch

NAMES = ["straight-through", "relaxed", "unbiased"]


def name_them(means, errors, logits, linear, quadratic, temperature, level):
    p = torch.sigmoid(logits)
    noise = torch.linspace(-30.0, 30.0, 1001, dtype=torch.float64)
    weights = torch.sigmoid(noise) * torch.sigmoid(-noise)
    weights = weights / weights.sum()
    z = torch.sigmoid((logits[:, None] + noise) / temperature)
    path = z * (1 - z) / temperature
    average = z @ weights
    bend, pair = quadratic.diagonal(), quadratic[0, 1]
    through = (linear + quadratic @ p) * p * (1 - p)
    relaxed = ((linear[:, None] + bend[:, None] * z) * path) @ weights
    relaxed = relaxed + pair * average.flip(0) * (path @ weights)
    exact = (linear + bend / 2 + pair * p.flip(0)) * p * (1 - p)
    targets = torch.stack([through, relaxed, exact])
    misfit = ((means - targets[:, None]) / errors).square().sum(-1)
    orders = itertools.permutations(range(3))
    best = min(orders, key=lambda order: sum(misfit[order[i], i] for i in range(3)))
    return [NAMES[row] for row in best]


# %% right in_turn: First whoever has the exact mean, by enumeration, then straight-through; the relaxed one is left. In NumPy.
import itertools

import numpy as np


def name_them(means, errors, logits, linear, quadratic, temperature, level):
    means, errors = means.numpy(), errors.numpy()
    p = 1 / (1 + np.exp(-logits.numpy()))
    states = np.array(list(itertools.product((0.0, 1.0), repeat=2)))
    chances = np.where(states == 1, p, 1 - p).prod(-1)
    f = level + states @ linear.numpy() + 0.5 * ((states @ quadratic.numpy()) * states).sum(-1)
    exact = chances @ (f[:, None] * (states - p))
    through = chances @ (linear.numpy() + states @ quadratic.numpy()) * p * (1 - p)
    left = [0, 1, 2]
    unbiased = min(left, key=lambda i: (((means[i] - exact) / errors[i]) ** 2).sum())
    left.remove(unbiased)
    straight = min(left, key=lambda i: (((means[i] - through) / errors[i]) ** 2).sum())
    left.remove(straight)
    names = {unbiased: "unbiased", straight: "straight-through", left[0]: "relaxed"}
    return [names[i] for i in range(3)]


# %% right by_loops: Expectations by loops over states and over a grid of both noises; slopes by differences.
import itertools
import math


def name_them(means, errors, logits, linear, quadratic, temperature, level):
    c, A, l = linear.tolist(), quadratic.tolist(), logits.tolist()

    def f(x, y):
        bent = A[0][0] * x * x + 2 * A[0][1] * x * y + A[1][1] * y * y
        return level + c[0] * x + c[1] * y + 0.5 * bent

    def slopes(x, y):
        h = 1e-5
        return (f(x + h, y) - f(x - h, y)) / (2 * h), (f(x, y + h) - f(x, y - h)) / (2 * h)

    def bit(t):
        return 1 / (1 + math.exp(-t))

    names = ["straight-through", "relaxed", "unbiased"]
    there = {name: [0.0, 0.0] for name in names}
    p = [bit(one) for one in l]
    for b in itertools.product((0, 1), repeat=2):
        chance = math.prod(q if one else 1 - q for q, one in zip(p, b))
        for i in range(2):
            there["unbiased"][i] += chance * f(*b) * (b[i] - p[i])
            there["straight-through"][i] += chance * slopes(*b)[i] * p[i] * (1 - p[i])
    grid = [(u + 0.5) / 30 for u in range(30)]
    noise = [math.log(u / (1 - u)) for u in grid]
    for eps in itertools.product(noise, repeat=2):
        z = [bit((one + e) / temperature) for one, e in zip(l, eps)]
        slope = slopes(*z)
        for i in range(2):
            there["relaxed"][i] += slope[i] * z[i] * (1 - z[i]) / temperature / 900
    best, least = None, float("inf")
    for order in itertools.permutations(names):
        total = 0.0
        for person, name in enumerate(order):
            for i in range(2):
                off = float(means[person, i]) - there[name][i]
                total += (off / float(errors[person, i])) ** 2
        if total < least:
            best, least = order, total
    return tuple(best)


# %% wrong smallest_is_relaxed, from right best_order: Who is right is found by the mean; of the other two the smaller is called relaxed.
# diagnosis: relaxed_for_straight-through
#-     orders = itertools.permutations(range(3))
#-     best = min(orders, key=lambda order: sum(misfit[order[i], i] for i in range(3)))
#+     right, *others = misfit[2].argsort().tolist()
#+     smaller, larger = sorted(others, key=lambda i: means[i].square().sum())
#+     best = [{right: 2, smaller: 1, larger: 0}[i] for i in range(3)]


# %% wrong nearer_is_relaxed, from right best_order: Of the two that are off the nearer one is called relaxed, as if a temperature made it small.
# diagnosis: relaxed_for_straight-through
#-     orders = itertools.permutations(range(3))
#-     best = min(orders, key=lambda order: sum(misfit[order[i], i] for i in range(3)))
#+     right, nearer, farther = misfit[2].argsort().tolist()
#+     best = [{right: 2, nearer: 1, farther: 0}[i] for i in range(3)]


# %% wrong as_they_come, from right best_order: The order in which the statement lists them is taken for theirs.
# diagnosis: always_the_same
#-     return [NAMES[row] for row in best]
#+     return NAMES


# %% wrong slope_is_truth, from right best_order: The slope of f at the bits is taken for the truth, so that straight-through passes for right.
# diagnosis: straight-through_for_unbiased
#-     targets = torch.stack([through, relaxed, exact])
#+     targets = torch.stack([exact, relaxed, through])


# %% wrong one_name_twice, from right best_order: Each is named by itself, whatever the others are called.
# diagnosis: form
#-     orders = itertools.permutations(range(3))
#-     best = min(orders, key=lambda order: sum(misfit[order[i], i] for i in range(3)))
#+     best = [2 if each < 20 else 0 for each in misfit[2]]


# %% wrong places_not_persons, from right best_order: The numbers of the names are returned, and not the names.
# diagnosis: form
#-     return [NAMES[row] for row in best]
#+     return list(best)


# %% wrong persons_by_name, from right best_order: For each name the place of its person is found, and the names are put in that order.
# diagnosis: property
#-     return [NAMES[row] for row in best]
#+     return [NAMES[best.index(name)] for name in range(3)]
