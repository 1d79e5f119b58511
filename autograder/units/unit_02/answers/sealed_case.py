# %% right steps_and_place: The ratio of the moves finds the heavy tail; of the other two the one that ends at the exact evidence is biased.
import math

import torch

NAMES = ["biased", "heavy-tailed", "another model"]


def name_them(values, errors, samples, x, noise):
    variance = 1 + noise**2
    exact = -0.5 * (math.log(2 * math.pi * variance) + x**2 / variance)
    first, second = values[:, 1] - values[:, 0], values[:, 2] - values[:, 1]
    slow = second / first
    heavy = int(slow.argmax())
    off = (values[:, 2] - exact).abs()
    others = [i for i in range(3) if i != heavy]
    biased = min(others, key=lambda i: off[i])
    names = {i: 2 for i in range(3)} | {heavy: 1, biased: 0}
    return [NAMES[names[i]] for i in range(3)]


# %% right extrapolated: Where a bias of 1/K would end, by a straight line in 1/K; whoever moves most at the end is heavy-tailed. In NumPy.
import numpy as np
from scipy.stats import norm


def name_them(values, errors, samples, x, noise):
    values, samples = values.numpy(), samples.numpy()
    exact = norm(0, np.sqrt(1 + noise**2)).logpdf(x)
    h = 1 / samples
    end = values[:, 2] + (values[:, 2] - values[:, 1]) * h[2] / (h[1] - h[2])
    move = (values[:, 2] - values[:, 1]) / (values[:, 1] - values[:, 0])
    order = np.argsort(move)
    names = [None, None, None]
    names[order[2]] = "heavy-tailed"
    a, b = order[:2]
    if abs(end[a] - exact) > abs(end[b] - exact):
        a, b = b, a
    names[a], names[b] = "biased", "another model"
    return tuple(names)


# %% right by_loops: Every order is held against what it says: one moves on at the end, one ends at the truth. Plain Python.
import itertools
import math


def name_them(values, errors, samples, x, noise):
    rows = [[float(v) for v in row] for row in values]
    variance = 1 + noise * noise
    exact = -(math.log(2 * math.pi * variance) + x * x / variance) / 2

    def share(row):
        return (row[2] - row[1]) / (row[2] - row[0])

    best, least = None, math.inf
    for order in itertools.permutations(["biased", "heavy-tailed", "another model"]):
        total = 0.0
        for row, name in zip(rows, order):
            if name == "heavy-tailed":
                total += 100 * (1 - share(row))
            elif name == "biased":
                total += abs(row[2] - exact)
        if total < least:
            best, least = order, total
    return list(best)


# %% wrong farthest_is_other, from right steps_and_place: Distance at the largest K decides all: nearest biased, farthest another model.
# diagnosis: another_model_for_heavy-tailed
#-     heavy = int(slow.argmax())
#-     off = (values[:, 2] - exact).abs()
#-     others = [i for i in range(3) if i != heavy]
#-     biased = min(others, key=lambda i: off[i])
#+     off = (values[:, 2] - exact).abs()
#+     biased, heavy, _ = off.argsort().tolist()


# %% wrong farthest_is_heavy, from right steps_and_place: Distance at the largest K decides all: the farthest is called heavy-tailed.
# diagnosis: another_model_for_heavy-tailed
#-     heavy = int(slow.argmax())
#-     off = (values[:, 2] - exact).abs()
#-     others = [i for i in range(3) if i != heavy]
#-     biased = min(others, key=lambda i: off[i])
#+     off = (values[:, 2] - exact).abs()
#+     biased, _, heavy = off.argsort().tolist()


# %% wrong higher_is_right, from right steps_and_place: A bound is below, so the higher of the two that settle is called biased, and the evidence is not computed.
# diagnosis: another_model_for_biased or property
#-     biased = min(others, key=lambda i: off[i])
#+     biased = max(others, key=lambda i: values[i, 2])


# %% wrong lower_is_right, from right steps_and_place: A wrong model is thought to give too much evidence, so the lower of the two that settle is called biased.
# diagnosis: another_model_for_biased
#-     biased = min(others, key=lambda i: off[i])
#+     biased = min(others, key=lambda i: values[i, 2])


# %% wrong first_place, from right steps_and_place: The place is read at the smallest K, where every bias is large.
# diagnosis: another_model_for_biased
#-     off = (values[:, 2] - exact).abs()
#+     off = (values[:, 0] - exact).abs()


# %% wrong without_variance_of_z, from right steps_and_place: The evidence is that of x given z = 0: the variance of z is left out.
# diagnosis: another_model_for_biased
#-     variance = 1 + noise**2
#+     variance = noise**2


# %% wrong most_in_all_is_heavy, from right steps_and_place: Who moves most from the smallest K to the largest is called heavy-tailed.
# diagnosis: property or another_model_for_heavy-tailed
#-     slow = second / first
#+     slow = second + first


# %% wrong as_they_come, from right steps_and_place: The order in which the statement lists them is taken for theirs.
# diagnosis: always_the_same
#-     return [NAMES[names[i]] for i in range(3)]
#+     return NAMES


# %% wrong persons_by_name, from right steps_and_place: For each name the place of its person is found, and the names are put in that order.
# diagnosis: property
#-     return [NAMES[names[i]] for i in range(3)]
#+     return [NAMES[list(names.values()).index(i)] for i in range(3)]


# %% wrong places_not_names, from right steps_and_place: The numbers of the names are returned, and not the names.
# diagnosis: form
#-     return [NAMES[names[i]] for i in range(3)]
#+     return [names[i] for i in range(3)]
