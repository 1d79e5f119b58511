import math
from itertools import permutations

import numpy as np
import torch
from torch import Tensor

NAMES = ["iwae", "renyi", "jackknife", "thermodynamic"]


def parts(values):  # change under doubling, and height at spread zero extrapolated from 1000 and 2000; for the answers that share it
    v = values.numpy()
    return np.abs(v[:, 1] - v[:, 0]), 2 * v[:, 2] - v[:, 3]


def named(jackknife, thermodynamic, iwae):  # names in the order of the rows
    out = ["renyi"] * 4
    for row, name in ((iwae, "iwae"), (thermodynamic, "thermodynamic"), (jackknife, "jackknife")):
        out[row] = name
    return out


# %% right doubling_then_intercepts: doubling moves the jackknife alone; of the rest the intercept nearest zero is the thermodynamic sum, the one nearest -log K is iwae
def name_them(values, num_samples):
    moved, height = parts(values)
    jackknife = int(moved.argmax())
    rest = [i for i in range(4) if i != jackknife]
    thermodynamic = min(rest, key=lambda i: abs(height[i]))
    rest.remove(thermodynamic)
    iwae = min(rest, key=lambda i: abs(height[i] + math.log(num_samples)))
    return named(jackknife, thermodynamic, iwae)

# %% right all_orders_scored: all 24 orders, each scored by how far it is from what theory says of every row
def name_them(values, num_samples):
    v = values.double()
    log_k = math.log(num_samples)
    height = (2 * v[:, 2] - v[:, 3]).tolist()
    still = (v[:, 1] - v[:, 0]).abs().tolist()

    def cost(name, row):
        if name == "jackknife":
            return -min(still[row] * 1e9, 1e3)
        away = {"iwae": abs(height[row] + log_k), "thermodynamic": abs(height[row]),
                "renyi": min(abs(height[row] + c * log_k) for c in np.concatenate((np.linspace(0.4, 0.715, 60), np.linspace(1.33, 4, 400))))}[name]
        return min(still[row] * 1e9, 1e3) + away

    return list(min(permutations(NAMES), key=lambda order: sum(cost(name, row) for row, name in enumerate(order))))

# %% right slopes_far_out: from 1000 to 2000 the jackknife grows faster than its largest log weight; orders of the mean from the intercepts, one, infinity, or in between
def name_them(values, num_samples):
    plain, twice, thousand, two_thousand = values.T.tolist()
    answer = [None] * 4
    still = [abs(a - b) for a, b in zip(plain, twice)]
    answer[still.index(max(still))] = "jackknife"
    inverse_order = {i: (two_thousand[i] - 2 * thousand[i]) / math.log(num_samples) for i in range(4) if answer[i] is None}
    answer[min(inverse_order, key=lambda i: abs(inverse_order[i] - 1))] = "iwae"
    left = [i for i in range(4) if answer[i] is None]
    answer[max(left, key=lambda i: abs(inverse_order[i]))] = "renyi"
    return [name or "thermodynamic" for name in answer]

# %% wrong sorted_by_size: thermodynamic, renyi, iwae, jackknife from the lowest to the highest plain value
def name_them(values, num_samples):
    out = [""] * 4
    for row, name in zip(values[:, 0].argsort().tolist(), ["thermodynamic", "renyi", "iwae", "jackknife"]):
        out[row] = name
    return out

# %% wrong renyi_below_iwae: the lower intercept of the two is always renyi; fails for every negative alpha
def name_them(values, num_samples):
    moved, height = parts(values)
    jackknife = int(moved.argmax())
    rest = sorted((i for i in range(4) if i != jackknife), key=lambda i: height[i])
    return named(jackknife, rest[2], rest[1])

# %% wrong left_sums_only: the thermodynamic sum as the row that grows slowest from 1000 to 2000; true of a left sum, of a right sum not
def name_them(values, num_samples):
    moved, height = parts(values)
    jackknife = int(moved.argmax())
    rest = [i for i in range(4) if i != jackknife]
    grown = (values[:, 3] - values[:, 2]).tolist()
    thermodynamic = min(rest, key=lambda i: grown[i])
    rest.remove(thermodynamic)
    return named(jackknife, thermodynamic, min(rest, key=lambda i: abs(height[i] + math.log(num_samples))))

# %% wrong doubled_upwards: the jackknife as the row that rises most under doubling, sign included; it is the row that falls, and the rise of the others is rounding
def name_them(values, num_samples):
    _, height = parts(values)
    jackknife = int((values[:, 1] - values[:, 0]).argmax())
    rest = [i for i in range(4) if i != jackknife]
    thermodynamic = min(rest, key=lambda i: abs(height[i]))
    rest.remove(thermodynamic)
    return named(jackknife, thermodynamic, min(rest, key=lambda i: abs(height[i] + math.log(num_samples))))

# %% wrong rows_by_name: everything found, but the answer lists names by sorted rows the other way round (row of each name, not name of each row); right where the order is its own inverse
def name_them(values, num_samples):
    moved, height = parts(values)
    jackknife = int(moved.argmax())
    rest = [i for i in range(4) if i != jackknife]
    thermodynamic = min(rest, key=lambda i: abs(height[i]))
    rest.remove(thermodynamic)
    iwae = min(rest, key=lambda i: abs(height[i] + math.log(num_samples)))
    renyi = 6 - iwae - thermodynamic - jackknife
    return [NAMES[row] for row in (iwae, renyi, jackknife, thermodynamic)]

# %% wrong extrapolated_from_plain: the intercept from the questions 1 and 1000, as if the weights as they are were already far apart
def name_them(values, num_samples):
    moved, _ = parts(values)
    v = values.numpy()
    height = v[:, 0] - (v[:, 2] - v[:, 0]) / 999
    jackknife = int(moved.argmax())
    rest = [i for i in range(4) if i != jackknife]
    thermodynamic = min(rest, key=lambda i: abs(height[i]))
    rest.remove(thermodynamic)
    return named(jackknife, thermodynamic, min(rest, key=lambda i: abs(height[i] + math.log(num_samples))))

# %% wrong count_doubled: iwae is looked for at -log 2K, the number of weights of the second question
def name_them(values, num_samples):
    moved, height = parts(values)
    jackknife = int(moved.argmax())
    rest = [i for i in range(4) if i != jackknife]
    thermodynamic = min(rest, key=lambda i: abs(height[i]))
    rest.remove(thermodynamic)
    return named(jackknife, thermodynamic, min(rest, key=lambda i: abs(height[i] + math.log(2 * num_samples))))

# %% wrong doubling_threshold: a row that moves by more than 0.2 under doubling is the jackknife, otherwise the highest plain value; fails where the jackknife moves little
def name_them(values, num_samples):
    moved, height = parts(values)
    jackknife = int(moved.argmax()) if moved.max() > 0.2 else int(values[:, 0].argmax())
    rest = [i for i in range(4) if i != jackknife]
    thermodynamic = min(rest, key=lambda i: abs(height[i]))
    rest.remove(thermodynamic)
    return named(jackknife, thermodynamic, min(rest, key=lambda i: abs(height[i] + math.log(num_samples))))

# %% wrong nearest_in_value: iwae and renyi told apart by which of them is nearer to the jackknife as it stands, "as both estimate the evidence"
def name_them(values, num_samples):
    moved, height = parts(values)
    jackknife = int(moved.argmax())
    rest = [i for i in range(4) if i != jackknife]
    thermodynamic = min(rest, key=lambda i: abs(height[i]))
    rest.remove(thermodynamic)
    plain = values[:, 0].tolist()
    return named(jackknife, thermodynamic, min(rest, key=lambda i: abs(plain[i] - plain[jackknife])))

# %% wrong jackknife_by_intercept: the jackknife as the row with the lowest intercept, since K log K is far below; a renyi with alpha near 0.8 lies as low
def name_them(values, num_samples):
    _, height = parts(values)
    jackknife = int(height.argmin())
    rest = [i for i in range(4) if i != jackknife]
    thermodynamic = min(rest, key=lambda i: abs(height[i]))
    rest.remove(thermodynamic)
    return named(jackknife, thermodynamic, min(rest, key=lambda i: abs(height[i] + math.log(num_samples))))

# %% wrong iwae_in_the_middle: of iwae, renyi and thermodynamic the one between the other two in plain value is iwae; fails where renyi and the sum lie on one side
def name_them(values, num_samples):
    moved, height = parts(values)
    jackknife = int(moved.argmax())
    rest = sorted((i for i in range(4) if i != jackknife), key=lambda i: values[i, 0].item())
    outer = [rest[0], rest[2]]
    return named(jackknife, min(outer, key=lambda i: abs(height[i])), rest[1])

# %% wrong ratio_of_sizes: value at 2000 over value at 1000, nearest two is thermodynamic and farthest from two is renyi; right for alpha between 0 and 1 only
def name_them(values, num_samples):
    moved, _ = parts(values)
    jackknife = int(moved.argmax())
    off = (values[:, 3] / values[:, 2] - 2).abs().tolist()
    rest = sorted((i for i in range(4) if i != jackknife), key=lambda i: off[i])
    return named(jackknife, rest[0], rest[1])
