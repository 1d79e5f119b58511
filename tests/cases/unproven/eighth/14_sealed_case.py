import itertools

import torch
from torch import Tensor

# %% right evidence_of_two_kinds: for each person how many errors batches lie from the whole, and how many the mean weight lies below the evidence; the best of six orders
def name_them(
    whole: Tensor, whole_error: Tensor, part: Tensor, part_error: Tensor, weight: Tensor, weight_error: Tensor, evidence: Tensor
) -> list[str]:
    points = {
        "unscaled": ((part - whole).abs() / torch.hypot(whole_error, part_error)).tolist(),
        "half": ((evidence - weight) / weight_error).tolist(),
        "right": [0.0] * 3,
    }
    unscaled = max(range(3), key=points["unscaled"].__getitem__)
    orders = [order for order in itertools.permutations(points) if order[unscaled] == "unscaled"]
    return list(max(orders, key=lambda order: sum(points[name][person] for person, name in enumerate(order))))


# %% wrong lowest_bound_is_half: finds the unscaled guide by its batches, and takes for half whichever bound lies furthest below the evidence; a right guide may be far from its posterior
def name_them(
    whole: Tensor, whole_error: Tensor, part: Tensor, part_error: Tensor, weight: Tensor, weight_error: Tensor, evidence: Tensor
) -> list[str]:
    names = ["right"] * 3
    unscaled = int(((part - whole).abs() / (whole_error.square() + part_error.square()).sqrt()).argmax())
    gap = (evidence - whole).clone()
    gap[unscaled] = -float("inf")
    names[unscaled] = "unscaled"
    names[int(gap.argmax())] = "half"
    return names


# %% wrong bound_above_the_evidence: a bound from batches that exceeds the evidence is faulty, so the largest excess is unscaled; unscaled densities may as well push it down
def name_them(
    whole: Tensor, whole_error: Tensor, part: Tensor, part_error: Tensor, weight: Tensor, weight_error: Tensor, evidence: Tensor
) -> list[str]:
    names = ["right"] * 3
    unscaled = int((part - evidence).argmax())
    short = ((evidence - weight) / weight_error).clone()
    short[unscaled] = -float("inf")
    names[unscaled] = "unscaled"
    names[int(short.argmax())] = "half"
    return names


# %% wrong weight_against_the_bound: takes for half the guide whose mean weight exceeds its bound by most; that difference is the spread of the weights, and tells nothing of the support
def name_them(
    whole: Tensor, whole_error: Tensor, part: Tensor, part_error: Tensor, weight: Tensor, weight_error: Tensor, evidence: Tensor
) -> list[str]:
    names = ["right"] * 3
    unscaled = int(((part - whole).abs() / (whole_error.square() + part_error.square()).sqrt()).argmax())
    spread = (weight - whole).clone()
    spread[unscaled] = -float("inf")
    names[unscaled] = "unscaled"
    names[int(spread.argmax())] = "half"
    return names


# %% wrong persons_for_names: finds who is who, and lists for "right", "unscaled" and "half" the place of each, read back as names: the inverse order
def name_them(
    whole: Tensor, whole_error: Tensor, part: Tensor, part_error: Tensor, weight: Tensor, weight_error: Tensor, evidence: Tensor
) -> list[str]:
    unscaled = int(((part - whole).abs() / (whole_error.square() + part_error.square()).sqrt()).argmax())
    short = ((evidence - weight) / weight_error).clone()
    short[unscaled] = -float("inf")
    half = int(short.argmax())
    right = 3 - unscaled - half
    names = ["right", "unscaled", "half"]
    return [names[place] for place in (right, unscaled, half)]
