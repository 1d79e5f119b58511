import itertools

import torch
from torch import Tensor

# %% right maximum_over_six_orders: squared deviations from the two closed forms, in standard errors, as a table of scores; the best of six orders leaves one between
def name_them(variances: Tensor, errors: Tensor, precision: Tensor) -> list[str]:
    aims = {
        "reverse": torch.diagonal(precision, dim1=-2, dim2=-1).reciprocal(),
        "forward": torch.linalg.inv(precision).diagonal(dim1=-2, dim2=-1),
    }
    cost = {name: ((variances - aim) / errors).square().sum(-1).tolist() for name, aim in aims.items()}
    cost["between"] = [0.0, 0.0, 0.0]
    return list(min(itertools.permutations(cost), key=lambda order: sum(cost[name][row] for row, name in enumerate(order))))


# %% wrong precision_for_covariance: takes the matrix for the covariance of the posterior, so that its diagonal is forward and one over that of its inverse is reverse
def name_them(variances: Tensor, errors: Tensor, precision: Tensor) -> list[str]:
    forward = precision.diagonal(dim1=-2, dim2=-1)
    reverse = 1 / torch.linalg.inv(precision).diagonal(dim1=-2, dim2=-1)
    cost = torch.stack([((variances - aim) / errors).square().sum(-1) for aim in (reverse, forward)])
    best = min(itertools.permutations(range(3)), key=lambda who: float(cost[0, who[0]] + cost[1, who[1]]))
    names = [""] * 3
    for name, person in zip(("reverse", "forward", "between"), best, strict=True):
        names[person] = name
    return names


# %% wrong share_of_the_total: total variance over that of the posterior, one for forward and then the larger for between; how much a fit shrinks depends on the posterior
def name_them(variances: Tensor, errors: Tensor, precision: Tensor) -> list[str]:
    total = torch.linalg.inv(precision).diagonal(dim1=-2, dim2=-1).sum(-1)
    order = (variances.sum(-1) / total).argsort().tolist()
    names = [""] * 3
    for name, person in zip(("reverse", "between", "forward"), order, strict=True):
        names[person] = name
    return names


# %% wrong narrow_and_wide_axis: the reverse fit is thought to take the smallest eigenvalue of the covariance for every variance, the forward fit the largest
def name_them(variances: Tensor, errors: Tensor, precision: Tensor) -> list[str]:
    values = 1 / torch.linalg.eigvalsh(precision)
    cost = torch.stack([((variances - aim[:, None]) / errors).square().sum(-1) for aim in (values.amin(-1), values.amax(-1))])
    best = min(itertools.permutations(range(3)), key=lambda who: float(cost[0, who[0]] + cost[1, who[1]]))
    names = [""] * 3
    for name, person in zip(("reverse", "forward", "between"), best, strict=True):
        names[person] = name
    return names


# %% wrong where_instead_of_who: finds the right persons and gives back the names in the order of where each name's person stands, the inverse of what was asked
def name_them(variances: Tensor, errors: Tensor, precision: Tensor) -> list[str]:
    reverse = 1 / precision.diagonal(dim1=-2, dim2=-1)
    forward = torch.linalg.inv(precision).diagonal(dim1=-2, dim2=-1)
    cost = torch.stack([((variances - aim) / errors).square().sum(-1) for aim in (reverse, forward)])
    best = min(itertools.permutations(range(3)), key=lambda who: float(cost[0, who[0]] + cost[1, who[1]]))
    names = ("reverse", "forward", "between")
    return [names[person] for person in best]
