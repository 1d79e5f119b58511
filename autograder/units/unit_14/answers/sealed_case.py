# %% right best_order: Each order is held against what theory says of it, in standard errors.
import itertools

import torch


def name_them(whole, whole_error, part, part_error, weight, weight_error, evidence):
    moved = (part - whole).abs() / (whole_error**2 + part_error**2).sqrt()
    missing = (evidence - weight) / weight_error

    def misfit(order):
        total = 0.0
        for i, name in enumerate(order):
            total += moved[i] ** 2 if name != "unscaled" else 0.0
            total += missing[i] ** 2 if name != "half" else 0.0
        return float(total)

    return list(min(itertools.permutations(["right", "unscaled", "half"]), key=misfit))


# %% right in_turn: First whoever moves with the batch, then of the others the one whose weights have the wrong mean. In NumPy.
import numpy as np


def name_them(whole, whole_error, part, part_error, weight, weight_error, evidence):
    moved = ((part - whole).abs() / (whole_error**2 + part_error**2).sqrt()).numpy()
    off = ((weight - evidence).abs() / weight_error).numpy()
    names = ["right"] * 3
    unscaled = int(np.argmax(moved))
    names[unscaled] = "unscaled"
    off[unscaled] = -1.0
    names[int(np.argmax(off))] = "half"
    return names


# %% right thresholds: Four and a half standard errors, in a loop.
def name_them(whole, whole_error, part, part_error, weight, weight_error, evidence):
    names = []
    for i in range(3):
        shift = abs(float(part[i] - whole[i])) / float(whole_error[i] ** 2 + part_error[i] ** 2) ** 0.5
        lost = float(evidence[i] - weight[i]) / float(weight_error[i])
        names.append("unscaled" if shift > 4.5 and shift > lost else "half" if lost > 4.5 else "right")
    return tuple(names)


# %% wrong tightest, from right in_turn: The bound nearest to the evidence is right, the farthest is half.
# diagnosis: property or half_for_right or half_for_unscaled or right_for_half or right_for_unscaled or unscaled_for_half or unscaled_for_right
#-     moved = ((part - whole).abs() / (whole_error**2 + part_error**2).sqrt()).numpy()
#-     off = ((weight - evidence).abs() / weight_error).numpy()
#-     names = ["right"] * 3
#-     unscaled = int(np.argmax(moved))
#-     names[unscaled] = "unscaled"
#-     off[unscaled] = -1.0
#-     names[int(np.argmax(off))] = "half"
#-     return names
#+     order = np.argsort((evidence - whole).numpy())
#+     names = [""] * 3
#+     for place, name in zip(order, ("right", "unscaled", "half")):
#+         names[place] = name
#+     return names


# %% wrong noisiest, from right in_turn: The noisiest on a part is unscaled, the noisiest weight is half.
# diagnosis: property or half_for_right or half_for_unscaled or right_for_half or right_for_unscaled or unscaled_for_half or unscaled_for_right
#-     moved = ((part - whole).abs() / (whole_error**2 + part_error**2).sqrt()).numpy()
#-     off = ((weight - evidence).abs() / weight_error).numpy()
#+     moved = part_error.numpy().copy()
#+     off = weight_error.numpy().copy()


# %% wrong part_off_the_evidence, from right in_turn: On a part the unscaled one is farthest from the evidence.
# diagnosis: property or half_for_right or half_for_unscaled or right_for_half or right_for_unscaled or unscaled_for_half or unscaled_for_right
#-     moved = ((part - whole).abs() / (whole_error**2 + part_error**2).sqrt()).numpy()
#+     moved = ((part - evidence).abs() / part_error).numpy()


# %% wrong upward_only, from right in_turn: A part is looked at for too large a value only.
# diagnosis: property or half_for_right or half_for_unscaled or right_for_half or right_for_unscaled or unscaled_for_half or unscaled_for_right
#-     moved = ((part - whole).abs() / (whole_error**2 + part_error**2).sqrt()).numpy()
#+     moved = ((part - whole) / (whole_error**2 + part_error**2).sqrt()).numpy()


# %% wrong bound_for_weight, from right in_turn: Half is whose mean of log w lies below the evidence.
# diagnosis: property or half_for_right or half_for_unscaled or right_for_half or right_for_unscaled or unscaled_for_half or unscaled_for_right
#-     off = ((weight - evidence).abs() / weight_error).numpy()
#+     off = ((whole - evidence).abs() / whole_error).numpy()


# %% wrong exchanged, from right in_turn: The two faults are exchanged.
# diagnosis: half_for_unscaled or unscaled_for_half
#-     names[unscaled] = "unscaled"
#+     names[unscaled] = "half"
#@@
#-     names[int(np.argmax(off))] = "half"
#+     names[int(np.argmax(off))] = "unscaled"


# %% wrong always, from right thresholds: The same names every time.
# diagnosis: always_the_same
#-     return tuple(names)
#+     return "right", "unscaled", "half"
