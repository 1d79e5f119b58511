# %% right poisson: The Poisson mixture, with logarithms of its terms.
import torch


def stein_risk(theta, c):
    D = theta.shape[-1]

    def risk(vector, free):
        rate = vector.square().sum(-1, keepdim=True) / 2
        j = torch.arange(2000.0, dtype=theta.dtype)
        log_p = torch.xlogy(j, rate) - rate - torch.lgamma(j + 1)
        inverse = (log_p.exp() / (free - 2 + 2 * j)).sum(-1)
        return D + (c * c - 2 * c * (free - 2)) * inverse

    return torch.stack([risk(theta, D), risk(theta - theta.mean(-1, keepdim=True), D - 1)])


# %% right integral: 1/a is the integral of t^(a-1); the Poisson's generating function stands under it.
import numpy as np


def stein_risk(theta, c):
    theta = np.asarray(theta)
    D = theta.shape[-1]
    t, weight = np.polynomial.legendre.leggauss(120)
    t, weight = (t + 1) / 2, weight / 2

    def inverse(free, square):
        rate = square[..., None] / 2
        return (weight * t ** (free - 3) * np.exp(-rate * (1 - t**2))).sum(-1)

    apart = theta - theta.mean(-1, keepdims=True)
    rows = []
    for vector, free in ((theta, D), (apart, D - 1)):
        rows.append(D + (c**2 - 2 * c * (free - 2)) * inverse(free, (vector**2).sum(-1)))
    return np.stack(rows)


# %% right loops: Theta by theta; the grand mean is a direction of its own, and the others are turned into coordinates.
import math

import numpy as np


def one(vector, c):
    D, rate = len(vector), sum(float(v) * float(v) for v in vector) / 2
    total, chance = 0.0, math.exp(-rate)
    for j in range(700):
        total += chance / (D + 2 * j - 2)
        chance *= rate / (j + 1)
    return D - 2 * c * (D - 2) * total + c * c * total


def stein_risk(theta, c):
    theta = np.asarray(theta, dtype=float)
    batch, D = theta.shape[:-1], theta.shape[-1]
    out = np.zeros((2, *batch))
    basis = np.linalg.qr(np.column_stack([np.ones(D), np.eye(D)[:, 1:]]))[0][:, 1:]    # orthogonal to the ones
    for b in np.ndindex(batch):
        out[(0, *b)] = one(theta[b], c)
        out[(1, *b)] = 1 + one(basis.T @ theta[b], c)
    return out


# %% wrong whole, from right poisson: The Poisson mean is not halved.
# diagnosis: square_not_halved
#-         rate = vector.square().sum(-1, keepdim=True) / 2
#+         rate = vector.square().sum(-1, keepdim=True)


# %% wrong jensen, from right poisson: One over the mean.
# diagnosis: jensen
#-         return D + (c * c - 2 * c * (free - 2)) * inverse
#+         return D + (c * c - 2 * c * (free - 2)) / (free + 2 * rate[..., 0])


# %% wrong mean_count, from right poisson: The count is replaced by its mean.
# diagnosis: jensen_in_count
#-         return D + (c * c - 2 * c * (free - 2)) * inverse
#+         return D + (c * c - 2 * c * (free - 2)) / (free - 2 + 2 * rate[..., 0])


# %% wrong textbook, from right poisson: The textbook's formula, for the best constant.
# diagnosis: best_c
#-         return D + (c * c - 2 * c * (free - 2)) * inverse
#+         return D - (free - 2) ** 2 * inverse


# %% wrong linear, from right poisson: The square of the correction is dropped.
# diagnosis: square_of_c_lost
#-         return D + (c * c - 2 * c * (free - 2)) * inverse
#+         return D - 2 * c * (free - 2) * inverse


# %% wrong dimension, from right poisson: Stein's lemma without the slope of 1/|x|^2.
# diagnosis: stein_dimension
#-         return D + (c * c - 2 * c * (free - 2)) * inverse
#+         return D + (c * c - 2 * c * free) * inverse


# %% wrong not_free, from right poisson: D directions are counted though the mean was fitted.
# diagnosis: mean_not_free
#-     return torch.stack([risk(theta, D), risk(theta - theta.mean(-1, keepdim=True), D - 1)])
#+     return torch.stack([risk(theta, D), risk(theta - theta.mean(-1, keepdim=True), D)])


# %% wrong free_lunch, from right poisson: The grand mean is thought to cost nothing.
# diagnosis: mean_costs_nothing
#-     return torch.stack([risk(theta, D), risk(theta - theta.mean(-1, keepdim=True), D - 1)])
#+     return torch.stack([risk(theta, D), risk(theta - theta.mean(-1, keepdim=True), D - 1) - 1])


# %% wrong not_centred, from right poisson: The length of theta around zero serves both.
# diagnosis: around_zero
#-     return torch.stack([risk(theta, D), risk(theta - theta.mean(-1, keepdim=True), D - 1)])
#+     return torch.stack([risk(theta, D), risk(theta, D - 1)])


# %% wrong few_terms, from right poisson: The sum stops after four terms.
# diagnosis: value
#-         j = torch.arange(2000.0, dtype=theta.dtype)
#+         j = torch.arange(4.0, dtype=theta.dtype)


# %% wrong sampled, from right poisson: Measured with 20,000 draws, not predicted.
# diagnosis: value
#-         inverse = (log_p.exp() / (free - 2 + 2 * j)).sum(-1)
#+         g = torch.Generator().manual_seed(0)
#+         draws = torch.poisson(rate.expand(*rate.shape[:-1], 20000), generator=g)
#+         inverse = (1 / (free - 2 + 2 * draws)).mean(-1)
