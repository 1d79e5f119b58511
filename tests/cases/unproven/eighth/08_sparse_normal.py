import math

import torch
from torch import Tensor


def dense(log_diagonal, pattern, entries):
    D = len(log_diagonal)
    return torch.diag(log_diagonal.exp()) + torch.zeros(D, D, dtype=log_diagonal.dtype).index_put(tuple(pattern), entries)


def draws(root, loc, eps):
    return loc + torch.linalg.solve_triangular(root.mT, eps.mT, upper=True).mT


def density(standard, log_diagonal):
    return -0.5 * standard.square().sum(-1) + log_diagonal.sum() - 0.5 * len(log_diagonal) * math.log(2 * math.pi)

# %% right no_matrix: back substitution over a list of columns and a density that carries each entry to its place, so L is never built
def sparse_normal(
    loc: Tensor, log_diagonal: Tensor, pattern: Tensor, entries: Tensor, eps: Tensor, z: Tensor
) -> tuple[Tensor, Tensor]:
    D = loc.shape[0]
    below = {}
    for e, (row, column) in enumerate(zip(*pattern.tolist())):
        below.setdefault(column, []).append((row, entries[e]))
    away = {}
    for j in reversed(range(D)):
        rest = eps[:, j]
        for row, entry in below.get(j, []):
            rest = rest - entry * away[row]
        away[j] = rest * (-log_diagonal[j]).exp()
    samples = loc + torch.stack([away[j] for j in range(D)], -1)
    difference = z - loc
    standard = [
        sum((entry * difference[:, row] for row, entry in below.get(j, [])), difference[:, j] * log_diagonal[j].exp()) for j in range(D)
    ]
    squares = torch.stack(standard, -1).square().sum(-1)
    return samples, log_diagonal.sum() - 0.5 * (squares + D * math.log(2 * math.pi))

# %% wrong a_mask_fills_in_its_own_order: scatters the entries through a mask, which goes row by row whatever the order of the pattern; right for a pattern that is sorted by rows
def sparse_normal(
    loc: Tensor, log_diagonal: Tensor, pattern: Tensor, entries: Tensor, eps: Tensor, z: Tensor
) -> tuple[Tensor, Tensor]:
    D = len(loc)
    mask = torch.zeros(D, D, dtype=torch.bool)
    mask[pattern[0], pattern[1]] = True
    root = torch.diag(log_diagonal.exp()) + torch.zeros(D, D, dtype=loc.dtype).masked_scatter(mask, entries)
    return draws(root, loc, eps), density((z - loc) @ root, log_diagonal)

# %% wrong a_frozen_mean: values are right, and the density forgets its gradient in the mean, which was detached where the points were centred
def sparse_normal(
    loc: Tensor, log_diagonal: Tensor, pattern: Tensor, entries: Tensor, eps: Tensor, z: Tensor
) -> tuple[Tensor, Tensor]:
    root = dense(log_diagonal, pattern, entries)
    return draws(root, loc, eps), density((z - loc.detach()) @ root, log_diagonal)

# %% wrong the_other_product: the samples are right, and the density measures L (z - mu) where it should be L' (z - mu): that is precision L' L
def sparse_normal(
    loc: Tensor, log_diagonal: Tensor, pattern: Tensor, entries: Tensor, eps: Tensor, z: Tensor
) -> tuple[Tensor, Tensor]:
    root = dense(log_diagonal, pattern, entries)
    return draws(root, loc, eps), density((z - loc) @ root.mT, log_diagonal)

# %% wrong one_step_of_the_series: inverts L' by the first two terms of a series, exact where no entry leads on to another, such as in a star with its centre last
def sparse_normal(
    loc: Tensor, log_diagonal: Tensor, pattern: Tensor, entries: Tensor, eps: Tensor, z: Tensor
) -> tuple[Tensor, Tensor]:
    root = dense(log_diagonal, pattern, entries)
    shrink = (-log_diagonal).exp()
    first = eps * shrink
    second = (first @ root.tril(-1)) * shrink
    return loc + first - second, density((z - loc) @ root, log_diagonal)
