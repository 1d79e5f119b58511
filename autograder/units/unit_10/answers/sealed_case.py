# %% right spread_and_twice: Who moves under doubling; the others by what is left when the spread is extrapolated away.
import math


def name_them(values, num_samples):
    rest = 2 * values[:, 2] - values[:, 3]                  # without what grows with the spread
    moved = (values[:, 1] - values[:, 0]).abs()
    left = set(range(4))
    jackknife = int(moved.argmax())
    left.discard(jackknife)
    thermodynamic = min(left, key=lambda i: abs(rest[i].item()))
    left.discard(thermodynamic)
    iwae = min(left, key=lambda i: abs(rest[i].item() + math.log(num_samples)))
    left.discard(iwae)
    names = {jackknife: "jackknife", thermodynamic: "thermodynamic", iwae: "iwae", left.pop(): "renyi"}
    return [names[i] for i in range(4)]


# %% right limits: By limits alone, each in turn, with tolerances; NumPy.
import numpy as np


def name_them(values, num_samples):
    v = values.numpy()
    per_unit = (v[:, 3] - v[:, 2]) / 1000
    offset = v[:, 3] - 2000 * per_unit
    names = []
    for row, c in zip(v, offset):
        if abs(row[1] - row[0]) > 1e-6:
            names.append("jackknife")
        elif abs(c) < 1e-5:
            names.append("thermodynamic")
        elif abs(c + np.log(num_samples)) < 1e-5:
            names.append("iwae")
        else:
            names.append("renyi")
    return names


# %% right scores: A misfit for each name and person, and the best of all orders.
import itertools
import math


def name_them(values, num_samples):
    rows = values.tolist()
    order_names = ["iwae", "thermodynamic", "jackknife", "renyi"]

    def misfit(name, row):
        plain, twice, near, far = row
        offset = 2 * near - far
        moves = abs(twice - plain) > 1e-8
        if name == "jackknife":
            return 0 if moves else 10
        if moves:
            return 10
        if name == "iwae":
            return min(1, abs(offset + math.log(num_samples)))
        if name == "thermodynamic":
            return min(1, abs(offset))
        return 0
    best = min(itertools.permutations(order_names), key=lambda o: sum(misfit(n, r) for n, r in zip(o, rows)))
    return tuple(best)


# %% wrong lower_is_jackknife, from right spread_and_twice: Of these two the lower is called the jackknife, since it subtracts something.
# diagnosis: jackknife_for_renyi
#-     names = {jackknife: "jackknife", thermodynamic: "thermodynamic", iwae: "iwae", left.pop(): "renyi"}
#+     pair = sorted([jackknife, left.pop()], key=lambda i: values[i, 0].item())
#+     names = {pair[0]: "jackknife", thermodynamic: "thermodynamic", iwae: "iwae", pair[1]: "renyi"}


# %% wrong lowest_is_thermodynamic, from right spread_and_twice: A left sum lies below, so the lower of these two is taken for it.
# diagnosis: iwae_for_thermodynamic
#-     names = {jackknife: "jackknife", thermodynamic: "thermodynamic", iwae: "iwae", left.pop(): "renyi"}
#+     low, high = sorted([iwae, thermodynamic], key=lambda i: values[i, 0].item())
#+     names = {jackknife: "jackknife", low: "thermodynamic", high: "iwae", left.pop(): "renyi"}


# %% wrong renyi_is_below, from right spread_and_twice: Of the last two the lower one is called Renyi's, as if alpha were positive.
# diagnosis: iwae_for_renyi
#-     iwae = min(left, key=lambda i: abs(rest[i].item() + math.log(num_samples)))
#+     iwae = max(left, key=lambda i: values[i, 0].item())


# %% wrong smaller_constant, from right spread_and_twice: Of the last two the one with less of a constant is called IWAE.
# diagnosis: iwae_for_renyi
#-     iwae = min(left, key=lambda i: abs(rest[i].item() + math.log(num_samples)))
#+     iwae = min(left, key=lambda i: abs(rest[i].item()))


# %% wrong as_listed, from right spread_and_twice: The order in which the statement lists them.
# diagnosis: always_the_same
#-     return [names[i] for i in range(4)]
#+     return ["iwae", "renyi", "jackknife", "thermodynamic"]


# %% wrong persons, from right spread_and_twice: Places are returned, not names.
# diagnosis: form
#-     return [names[i] for i in range(4)]
#+     return [jackknife, thermodynamic, iwae]


# %% wrong doubled_is_iwae, from right spread_and_twice: Whoever moves under doubling is called IWAE, since K stands in its formula.
# diagnosis: iwae_for_jackknife
#-     names = {jackknife: "jackknife", thermodynamic: "thermodynamic", iwae: "iwae", left.pop(): "renyi"}
#+     names = {jackknife: "iwae", thermodynamic: "thermodynamic", iwae: "jackknife", left.pop(): "renyi"}
