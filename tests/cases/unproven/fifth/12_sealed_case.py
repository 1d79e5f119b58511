import itertools

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment, minimize
from torch import Tensor


# %% right left_over: the pair of persons that fits the two closed forms best, by squared standard errors; the third is between
def name_them(variances, errors, precision):
    reverse = 1 / precision.diagonal(dim1=-2, dim2=-1)
    forward = torch.linalg.inv(precision).diagonal(dim1=-2, dim2=-1)
    off = [(((variances - fit) / errors) ** 2).sum(-1) for fit in (reverse, forward)]
    best = min(itertools.permutations(range(3), 2), key=lambda pair: float(off[0][pair[0]] + off[1][pair[1]]))
    names = ["between"] * 3
    names[best[0]], names[best[1]] = "reverse", "forward"
    return names

# %% right all_three: the fit between by its fixed point, 1 / v = 2 diag (Sigma + V)^-1, and an assignment of persons to three fits
def name_them(variances, errors, precision):
    v, e, p = (np.asarray(a) for a in (variances, errors, precision))
    sigma = np.linalg.inv(p)
    reverse, forward = 1 / np.diagonal(p, axis1=1, axis2=2), np.diagonal(sigma, axis1=1, axis2=2)
    between = np.sqrt(reverse * forward)
    for _ in range(500):
        inverse = np.linalg.inv(sigma + between[:, :, None] * np.eye(v.shape[1]))
        between = np.sqrt(between / (2 * np.diagonal(inverse, axis1=1, axis2=2)))
    cost = np.stack([(((v - fit) / e) ** 2).sum(1) for fit in (reverse, forward, between)], 1)
    names = ("reverse", "forward", "between")
    return [names[k] for k in linear_sum_assignment(cost)[1]]

# %% right by_minimizing: three divergences minimized by BFGS over log variances; the largest deviation in errors, over six permutations
def name_them(variances, errors, precision):
    v, e, p = (np.asarray(a) for a in (variances, errors, precision))
    size = lambda m: np.linalg.slogdet(m)[1]
    worst = np.zeros((3, 3))
    names = ("reverse", "forward", "between")
    for n in range(3):
        sigma = np.linalg.inv(p[n])
        divergences = (lambda t: np.diag(p[n]) @ np.exp(t) - t.sum(),
                       lambda t: np.diag(sigma) @ np.exp(-t) + t.sum(),
                       lambda t: size(sigma + np.diag(np.exp(t))) - 0.5 * t.sum())
        for k, divergence in enumerate(divergences):
            fit = np.exp(minimize(divergence, np.log(v[n]), options={"gtol": 1e-9}).x)
            worst[n, k] = (((v[n] - fit) / e[n]) ** 2).sum()
    best = min(itertools.permutations(range(3)), key=lambda k: sum(worst[n, k[n]] for n in range(3)))
    return [names[k] for k in best]

# %% wrong order_of_ratios: the smallest ratio to the posterior's variances is called reverse and the largest forward; right where the posteriors are equally correlated
def name_them(variances, errors, precision):
    ratio = (variances / torch.linalg.inv(precision).diagonal(dim1=-2, dim2=-1)).mean(-1)
    names = [""] * 3
    for k, name in zip(ratio.argsort().tolist(), ("reverse", "between", "forward")):
        names[k] = name
    return names

# %% wrong inverse_permutation: the persons are listed in the order of the names, and the names then read off in the order of that list: right unless all three moved on in a circle
def name_them(variances, errors, precision):
    reverse = 1 / precision.diagonal(dim1=-2, dim2=-1)
    forward = torch.linalg.inv(precision).diagonal(dim1=-2, dim2=-1)
    off = [(((variances - fit) / errors) ** 2).sum(-1) for fit in (reverse, forward)]
    a, b = min(itertools.permutations(range(3), 2), key=lambda pair: float(off[0][pair[0]] + off[1][pair[1]]))
    persons = [a, b, 3 - a - b]
    names = ("reverse", "forward", "between")
    return [names[k] for k in persons]

# %% wrong two_standard_errors: reverse, or forward, is who is within two standard errors of it in every variance, else between; one in twenty variances is not
def name_them(variances, errors, precision):
    names = []
    for v, e, p in zip(variances, errors, precision):
        if bool(((v - 1 / p.diagonal()).abs() < 2 * e).all()):
            names.append("reverse")
        elif bool(((v - torch.linalg.inv(p).diagonal()).abs() < 2 * e).all()):
            names.append("forward")
        else:
            names.append("between")
    return names

# %% wrong covariance_read: the matrices are read as covariances: reverse and forward trade places, on an inverted scale
def name_them(variances, errors, precision):
    forward = precision.diagonal(dim1=-2, dim2=-1)
    reverse = 1 / torch.linalg.inv(precision).diagonal(dim1=-2, dim2=-1)
    off = [((variances - fit) / errors).square().sum(-1) for fit in (reverse, forward)]
    a, b = min(itertools.permutations(range(3), 2), key=lambda pair: float(off[0][pair[0]] + off[1][pair[1]]))
    names = ["between"] * 3
    names[a], names[b] = "reverse", "forward"
    return names

# %% wrong reverse_then_larger: reverse is found by its closed form; of the other two, who lies farther above it is called forward, at posteriors unlike
def name_them(variances, errors, precision):
    low = 1 / precision.diagonal(dim1=-2, dim2=-1)
    off = ((variances - low) / errors).square().sum(-1)
    order = off.argsort().tolist()
    names = [""] * 3
    for k, name in zip(order, ("reverse", "between", "forward")):
        names[k] = name
    return names

# %% wrong blocked_pairs: forward fits are taken from pairs: the variance of z_i given one z_j unknown at a time, so the inverse of 2 by 2 blocks of the precision; right for D = 2
def name_them(variances, errors, precision):
    D = variances.shape[1]
    low = 1 / precision.diagonal(dim1=-2, dim2=-1)
    high = torch.zeros_like(low)
    for i in range(D):
        for j in range(D):
            if i != j:
                block = precision[:, [i, j]][:, :, [i, j]]
                high[:, i] = torch.maximum(high[:, i], torch.linalg.inv(block)[:, 0, 0])
    off = [((variances - fit) / errors).square().sum(-1) for fit in (low, high)]
    a, b = min(itertools.permutations(range(3), 2), key=lambda pair: float(off[0][pair[0]] + off[1][pair[1]]))
    names = ["between"] * 3
    names[a], names[b] = "reverse", "forward"
    return names

# %% wrong averaged_posterior: one posterior for all, the mean of the three precisions, which no person had
def name_them(variances, errors, precision):
    p = precision.mean(0)
    fits = (1 / p.diagonal(), torch.linalg.inv(p).diagonal())
    off = [((variances - fit) / errors).square().sum(-1) for fit in fits]
    a, b = min(itertools.permutations(range(3), 2), key=lambda pair: float(off[0][pair[0]] + off[1][pair[1]]))
    names = ["between"] * 3
    names[a], names[b] = "reverse", "forward"
    return names

# %% wrong person_by_person: each person in turn takes whichever name still free fits best, and between is what is left: wrong where between comes first or second
def name_them(variances, errors, precision):
    free = {"reverse": 1 / precision.diagonal(dim1=-2, dim2=-1), "forward": torch.linalg.inv(precision).diagonal(dim1=-2, dim2=-1)}
    names = []
    for n in range(3):
        if not free:
            names.append("between")
            continue
        off = {name: float((((variances[n] - fit[n]) / errors[n]) ** 2).sum()) for name, fit in free.items()}
        name = min(off, key=off.get)
        if n == 2 or off[name] < 1e4:
            free.pop(name)
            names.append(name)
        else:
            names.append("between")
    return names

# %% wrong forward_then_smaller: forward is found by its closed form; of the other two, the smaller ratio to the posterior's variances is called reverse, at posteriors unlike
def name_them(variances, errors, precision):
    high = torch.linalg.inv(precision).diagonal(dim1=-2, dim2=-1)
    forward = int(((variances - high) / errors).square().sum(-1).argmin())
    ratio = (variances / high).log().sum(-1)
    others = sorted((k for k in range(3) if k != forward), key=lambda k: float(ratio[k]))
    names = ["forward"] * 3
    names[others[0]], names[others[1]] = "reverse", "between"
    return names

# %% wrong summed_correlations: the reverse fit is the posterior's variance times one less its squared correlations with the others, added up, as if these were independent of each other; right for D = 2
def name_them(variances, errors, precision):
    sigma = torch.linalg.inv(precision)
    high = sigma.diagonal(dim1=-2, dim2=-1)
    squares = sigma.square() / (high.unsqueeze(-1) * high.unsqueeze(-2))
    low = high * (2 - squares.sum(-1)).clamp(min=0)
    off = [((variances - fit) / errors).square().sum(-1) for fit in (low, high)]
    a, b = min(itertools.permutations(range(3), 2), key=lambda pair: float(off[0][pair[0]] + off[1][pair[1]]))
    names = ["between"] * 3
    names[a], names[b] = "reverse", "forward"
    return names

# %% wrong swapped_names: which divergence gives which closed form is taken the wrong way round; between is always right
def name_them(variances, errors, precision):
    low, high = 1 / precision.diagonal(dim1=-2, dim2=-1), torch.linalg.inv(precision).diagonal(dim1=-2, dim2=-1)
    off = [((variances - fit) / errors).square().sum(-1) for fit in (high, low)]
    a, b = min(itertools.permutations(range(3), 2), key=lambda pair: float(off[0][pair[0]] + off[1][pair[1]]))
    names = ["between"] * 3
    names[a], names[b] = "reverse", "forward"
    return names
