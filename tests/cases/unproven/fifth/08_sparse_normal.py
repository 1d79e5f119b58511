import math

import numpy as np
import torch
from torch import Tensor


def build(log_diagonal, pattern, entries):
    return torch.diag(log_diagonal.exp()).index_put((pattern[0], pattern[1]), entries)


# %% right dense_solve: L filled by index_put, one triangular solve with its transpose, the density with a product
def sparse_normal(loc, log_diagonal, pattern, entries, eps, z):
    root = torch.diag(log_diagonal.exp()).index_put((pattern[0], pattern[1]), entries)
    samples = loc + torch.linalg.solve_triangular(root.mT, eps.mT, upper=True).mT
    white = (z - loc) @ root
    return samples, log_diagonal.sum() - 0.5 * white.square().sum(-1) - 0.5 * len(loc) * math.log(2 * math.pi)


# %% right back_substitution: no matrix at all: a loop from the last latent to the first, and a loop over the entries for the density
def sparse_normal(loc, log_diagonal, pattern, entries, eps, z):
    size = loc.shape[0]
    pairs = list(zip(pattern[0].tolist(), pattern[1].tolist()))
    off = [None] * size
    for j in reversed(range(size)):
        right = eps[:, j]
        for e, (i, column) in enumerate(pairs):
            if column == j:
                right = right - entries[e] * off[i]
        off[j] = right * torch.exp(-log_diagonal[j])
    white = [(z[:, j] - loc[j]) * log_diagonal[j].exp() for j in range(size)]
    for e, (i, j) in enumerate(pairs):
        white[j] = white[j] + entries[e] * (z[:, i] - loc[i])
    log_q = sum(log_diagonal[j] - 0.5 * white[j] ** 2 - 0.5 * math.log(2 * math.pi) for j in range(size))
    return torch.stack([loc[j] + off[j] for j in range(size)], dim=1), log_q


# %% right vmap_scatter: one draw and one point at a time by vmap, L by one-hot outer products, its inverse as a matrix, a tuple in a list
def sparse_normal(loc, log_diagonal, pattern, entries, eps, z):
    eye = torch.eye(len(loc), dtype=torch.float64)
    root = torch.einsum("d,di,dj->ij", log_diagonal.exp(), eye, eye) + torch.einsum("e,ei,ej->ij", entries, eye[pattern[0]], eye[pattern[1]])
    inverse = torch.linalg.solve_triangular(root, eye, upper=False)
    samples = torch.vmap(lambda e: loc + e @ inverse)(eps)
    precision = root @ root.mT
    log_q = torch.vmap(lambda p: -0.5 * (p - loc) @ precision @ (p - loc))(z)
    return [samples, log_q + log_diagonal.sum() - 0.5 * len(loc) * math.log(2 * math.pi)]


# %% wrong first_order_inverse: the inverse of the unit factor as 1 - N, exact where no entry follows another (a star), not along a chain
def sparse_normal(loc, log_diagonal, pattern, entries, eps, z):
    root = build(log_diagonal, pattern, entries)
    scale = log_diagonal.exp()
    lower = (root - torch.diag(scale)) / scale
    eye = torch.eye(len(loc), dtype=torch.float64)
    samples = loc + (eps / scale) @ (eye - lower)
    white = (z - loc) @ root
    return samples, log_diagonal.sum() - 0.5 * white.square().sum(-1) - 0.5 * len(loc) * math.log(2 * math.pi)


# %% wrong lower_of_reversed: the root is triangular in the reversed order of z, but the noise is not reversed with it
def sparse_normal(loc, log_diagonal, pattern, entries, eps, z):
    root = build(log_diagonal, pattern, entries)
    cov = torch.cholesky_inverse(root)
    upper = torch.linalg.cholesky(cov.flip(0, 1)).flip(0, 1)
    samples = loc + eps.flip(-1) @ upper.mT
    white = (z - loc) @ root
    return samples, log_diagonal.sum() - 0.5 * white.square().sum(-1) - 0.5 * len(loc) * math.log(2 * math.pi)


# %% wrong ldl_reading: the entries are taken for those of a unit triangle, scaled by the diagonal of their column; right where the diagonal is one
def sparse_normal(loc, log_diagonal, pattern, entries, eps, z):
    unit = torch.eye(len(loc), dtype=torch.float64).index_put((pattern[0], pattern[1]), entries)
    root = unit * log_diagonal.exp()
    samples = loc + torch.linalg.solve_triangular(root.mT, eps.mT, upper=True).mT
    white = (z - loc) @ root
    return samples, log_diagonal.sum() - 0.5 * white.square().sum(-1) - 0.5 * len(loc) * math.log(2 * math.pi)


# %% wrong column_by_column_fill: the entries are laid into the triangle in the order of rows, whatever order the pattern lists them in
def sparse_normal(loc, log_diagonal, pattern, entries, eps, z):
    sort = np.lexsort((pattern[1].numpy(), pattern[0].numpy()))
    at = pattern[:, torch.as_tensor(sort.copy())]
    root = torch.diag(log_diagonal.exp()).index_put((at[0], at[1]), entries)
    samples = loc + torch.linalg.solve_triangular(root.mT, eps.mT, upper=True).mT
    white = (z - loc) @ root
    return samples, log_diagonal.sum() - 0.5 * white.square().sum(-1) - 0.5 * len(loc) * math.log(2 * math.pi)


# %% wrong squeezed: the samples are solved as columns and squeezed, so that a single draw or a single latent loses its axis
def sparse_normal(loc, log_diagonal, pattern, entries, eps, z):
    root = build(log_diagonal, pattern, entries)
    samples = torch.stack([loc + torch.linalg.solve_triangular(root.mT, e[:, None], upper=True).squeeze() for e in eps]).squeeze()
    white = (z - loc) @ root
    return samples, log_diagonal.sum() - 0.5 * white.square().sum(-1) - 0.5 * len(loc) * math.log(2 * math.pi)


# %% wrong path_derivative: samples and density are right, but the density's parameters are detached, so only the samples carry a gradient
def sparse_normal(loc, log_diagonal, pattern, entries, eps, z):
    root = build(log_diagonal, pattern, entries)
    samples = loc + torch.linalg.solve_triangular(root.mT, eps.mT, upper=True).mT
    fixed = root.detach()
    white = (z - loc.detach()) @ fixed
    return samples, log_diagonal.detach().sum() - 0.5 * white.square().sum(-1) - 0.5 * len(loc) * math.log(2 * math.pi)


# %% wrong entries_by_item: the entries reach the matrix as plain numbers, and loc and log_diagonal alone keep their gradients
def sparse_normal(loc, log_diagonal, pattern, entries, eps, z):
    root = torch.diag(log_diagonal.exp())
    for e, (i, j) in enumerate(pattern.T.tolist()):
        root[i, j] = entries[e].item()
    samples = loc + torch.linalg.solve_triangular(root.mT, eps.mT, upper=True).mT
    white = (z - loc) @ root
    return samples, log_diagonal.sum() - 0.5 * white.square().sum(-1) - 0.5 * len(loc) * math.log(2 * math.pi)


# %% wrong one_at_each_column: only the last entry of each column is kept (a dictionary by column), right for chains and trees in order
def sparse_normal(loc, log_diagonal, pattern, entries, eps, z):
    below = {}
    for e, (i, j) in enumerate(pattern.T.tolist()):
        below[j] = (i, entries[e])
    off = [None] * len(loc)
    white = [None] * len(loc)
    for j in reversed(range(len(loc))):
        right, white[j] = eps[:, j], (z[:, j] - loc[j]) * log_diagonal[j].exp()
        if j in below:
            i, value = below[j]
            right, white[j] = right - value * off[i], white[j] + value * (z[:, i] - loc[i])
        off[j] = right / log_diagonal[j].exp()
    log_q = sum(log_diagonal) - 0.5 * sum(w * w for w in white) - 0.5 * len(loc) * math.log(2 * math.pi)
    return loc + torch.stack(off, -1), log_q


# %% wrong centred_in_place: z is shifted to its mean in place, so that the caller's points are changed; values right at the first call
def sparse_normal(loc, log_diagonal, pattern, entries, eps, z):
    root = build(log_diagonal, pattern, entries)
    samples = loc + torch.linalg.solve_triangular(root.mT, eps.mT, upper=True).mT
    z -= loc.detach()
    white = (z + (loc.detach() - loc)) @ root
    return samples, log_diagonal.sum() - 0.5 * white.square().sum(-1) - 0.5 * len(loc) * math.log(2 * math.pi)


# %% wrong inverse_of_sum: the upper root made by Cholesky of a covariance with 1e-6 added to its diagonal, five digits where variances are small
def sparse_normal(loc, log_diagonal, pattern, entries, eps, z):
    root = build(log_diagonal, pattern, entries)
    cov = torch.linalg.inv(root @ root.mT) + 1e-6 * torch.eye(len(loc), dtype=torch.float64)
    upper = torch.linalg.cholesky(cov.flip(0, 1)).flip(0, 1)
    white = (z - loc) @ root
    return loc + eps @ upper.mT, log_diagonal.sum() - 0.5 * white.square().sum(-1) - 0.5 * len(loc) * math.log(2 * math.pi)
