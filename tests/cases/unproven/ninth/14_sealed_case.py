import torch
from torch import Tensor

# %% wrong ranks_for_names: who is which is found rightly, and then the list of persons by name is read as one of names by person; the two agree unless all three change places
def name_them(
    whole: Tensor, whole_error: Tensor, part: Tensor, part_error: Tensor, weight: Tensor, weight_error: Tensor, evidence: Tensor
) -> list[str]:
    names = ["right", "unscaled", "half"]
    unscaled = int(((whole - part).abs() / (whole_error**2 + part_error**2).sqrt()).argmax())
    miss = (weight - evidence).abs() / weight_error
    right, half = sorted((i for i in range(3) if i != unscaled), key=lambda i: float(miss[i]))
    return [names[person] for person in (right, unscaled, half)]

# %% wrong only_too_high: an unscaled guide leaves out some of -log q, so that its batches are taken to lie above the whole; a log-density may have either sign, and so may what is left out
def name_them(
    whole: Tensor, whole_error: Tensor, part: Tensor, part_error: Tensor, weight: Tensor, weight_error: Tensor, evidence: Tensor
) -> list[str]:
    unscaled = int(((part - whole) / (whole_error**2 + part_error**2).sqrt()).argmax())
    miss = (weight - evidence).abs() / weight_error
    right, half = sorted((i for i in range(3) if i != unscaled), key=lambda i: float(miss[i]))
    return ["right" if i == right else "half" if i == half else "unscaled" for i in range(3)]

# %% wrong largest_gap: the half-normal guide is taken to be the one whose log mean w lies farther above its mean log w, as its weights must vary more; how much weights vary tells how near q is, not where it never draws
def name_them(
    whole: Tensor, whole_error: Tensor, part: Tensor, part_error: Tensor, weight: Tensor, weight_error: Tensor, evidence: Tensor
) -> list[str]:
    unscaled = int(((whole - part).abs() / (whole_error**2 + part_error**2).sqrt()).argmax())
    gap = weight - whole
    right, half = sorted((i for i in range(3) if i != unscaled), key=lambda i: float(gap[i]))
    return ["right" if i == right else "half" if i == half else "unscaled" for i in range(3)]
