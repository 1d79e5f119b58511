# %% right dense: L as a matrix, and torch's triangular solve.
import math

import torch


def sparse_normal(loc, log_diagonal, pattern, entries, eps, z):
    root = torch.diag(log_diagonal.exp()).index_put(tuple(pattern), entries)
    samples = loc + torch.linalg.solve_triangular(root.T, eps.T, upper=True).T
    whitened = (z - loc) @ root
    log_q = -0.5 * whitened.square().sum(-1) + log_diagonal.sum() - 0.5 * len(loc) * math.log(2 * math.pi)
    return samples, log_q


# %% right substitution: Back substitution from the last latent, a column at a time; no matrix.
import math

import torch


def sparse_normal(loc, log_diagonal, pattern, entries, eps, z):
    dim, (rows, columns) = len(loc), pattern.tolist()
    below = [[] for _ in range(dim)]
    for e, (i, j) in enumerate(zip(rows, columns)):
        below[j].append((i, e))
    y = [None] * dim
    for j in reversed(range(dim)):
        rest = eps[:, j]
        for i, e in below[j]:
            rest = rest - entries[e] * y[i]
        y[j] = rest * (-log_diagonal[j]).exp()
    centred = z - loc
    whitened = centred * log_diagonal.exp()
    whitened = whitened.index_add(1, pattern[1], entries * centred[:, pattern[0]])
    log_q = -0.5 * whitened.square().sum(-1) + log_diagonal.sum() - 0.5 * dim * math.log(2 * math.pi)
    return loc + torch.stack(y, -1), log_q


# %% right by_rows: Sample by sample and point by point; the density from torch.
import torch
from torch.distributions import MultivariateNormal


def sparse_normal(loc, log_diagonal, pattern, entries, eps, z):
    root = log_diagonal.exp().diag_embed()
    for (i, j), value in zip(pattern.T.tolist(), entries):
        place = torch.zeros_like(root)
        place[i, j] = 1.0
        root = root + value * place
    q = MultivariateNormal(loc, precision_matrix=root @ root.T)
    samples = torch.stack([loc + torch.linalg.solve(root.T, noise) for noise in eps])
    return samples, torch.stack([q.log_prob(point) for point in z])


# %% wrong lower_solve, from right dense: mu + L^-1 eps: a precision with other zeros.
# diagnosis: other_convention
#-     samples = loc + torch.linalg.solve_triangular(root.T, eps.T, upper=True).T
#+     samples = loc + torch.linalg.solve_triangular(root, eps.T, upper=False).T


# %% wrong product, from right dense: The noise is multiplied, as with a factor of the covariance.
# diagnosis: not_solved
#-     samples = loc + torch.linalg.solve_triangular(root.T, eps.T, upper=True).T
#+     samples = loc + eps @ root.T


# %% wrong from_torch, from right by_rows: torch's own root of the covariance, which is lower triangular.
# diagnosis: other_root
#-     samples = torch.stack([loc + torch.linalg.solve(root.T, noise) for noise in eps])
#+     samples = torch.stack([loc + q.scale_tril @ noise for noise in eps])


# %% wrong scales, from right dense: The diagonal is taken for conditional scales.
# diagnosis: diagonal_as_scale
#-     root = torch.diag(log_diagonal.exp()).index_put(tuple(pattern), entries)
#+     root = torch.diag((-log_diagonal).exp()).index_put(tuple(pattern), entries)


# %% wrong sign, from right dense: The determinant is that of a covariance.
# diagnosis: determinant_sign
#-     log_q = -0.5 * whitened.square().sum(-1) + log_diagonal.sum() - 0.5 * len(loc) * math.log(2 * math.pi)
#+     log_q = -0.5 * whitened.square().sum(-1) - log_diagonal.sum() - 0.5 * len(loc) * math.log(2 * math.pi)


# %% wrong twice, from right dense: The precision's determinant is that of L, squared, and its root is forgotten.
# diagnosis: determinant_twice
#-     log_q = -0.5 * whitened.square().sum(-1) + log_diagonal.sum() - 0.5 * len(loc) * math.log(2 * math.pi)
#+     log_q = -0.5 * whitened.square().sum(-1) + 2 * log_diagonal.sum() - 0.5 * len(loc) * math.log(2 * math.pi)


# %% wrong rows_multiplied, from right dense: L is multiplied from the wrong side in the density.
# diagnosis: other_convention
#-     whitened = (z - loc) @ root
#+     whitened = (z - loc) @ root.T


# %% wrong no_constant, from right substitution: The constant is lost.
# diagnosis: constant_missing
#-     log_q = -0.5 * whitened.square().sum(-1) + log_diagonal.sum() - 0.5 * dim * math.log(2 * math.pi)
#+     log_q = -0.5 * whitened.square().sum(-1) + log_diagonal.sum()


# %% wrong detached, from right dense: The matrix is filled with numbers, and forgets where they came from.
# diagnosis: root_detached
#-     root = torch.diag(log_diagonal.exp()).index_put(tuple(pattern), entries)
#+     root = torch.diag(log_diagonal.exp()).detach()
#+     root[pattern[0], pattern[1]] = entries.detach()


# %% wrong forward, from right substitution: Substitution starts with the first latent, and the later ones are not there yet.
# diagnosis: described
#-     for j in reversed(range(dim)):
#-         rest = eps[:, j]
#-         for i, e in below[j]:
#-             rest = rest - entries[e] * y[i]
#+     for j in range(dim):
#+         rest = eps[:, j]
#+         for i, e in below[j]:
#+             rest = rest - entries[e] * eps[:, i]
