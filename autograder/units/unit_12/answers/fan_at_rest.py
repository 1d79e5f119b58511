# %% right closed: Two quadratic equations.
import math

import torch


def fan_at_rest(lam, dim):
    def row(u):
        theta = math.sqrt(max(u - 1, 0) / dim)
        v = lam / u**2
        slope = dim * theta * (lam - u) / u**2
        return [u, v, slope]

    if lam <= 1:
        return torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0]], dtype=torch.float64)
    pairs = 4 * dim * (dim - 1)
    asleep = 2 * dim * lam / (1 + math.sqrt(1 + pairs * lam))
    elbo = (lam + math.sqrt(lam**2 + pairs * lam)) / (2 * dim)
    return torch.tensor([row(asleep), row(elbo)], dtype=torch.float64)


# %% right bisected: The condition for rest, solved by halving an interval, for either variance.
import numpy as np


def fan_at_rest(lam, dim):
    def variance(theta, how):
        u = 1 + dim * theta**2
        return 1 - theta**2 / u if how == "marginal" else 1 / (1 + theta**2)

    table = np.zeros((2, 3))
    for place, how in enumerate(["marginal", "conditional"]):
        low, high = 0.0, 2 * np.sqrt(lam)
        for _ in range(200):
            theta = 0.5 * (low + high)
            u = 1 + dim * theta**2
            if variance(theta, how) * u**2 < lam:
                low = theta
            else:
                high = theta
        theta = low
        u = 1 + dim * theta * theta
        table[place] = u, variance(theta, how), theta * dim * (lam / u - 1) / u
    return table


# %% right iterated: The two phases by their exact updates, again and again; the posterior from its matrix.
import torch


def fan_at_rest(lam, dim):
    rows = []
    for asleep in (True, False):
        theta = 1.0
        for _ in range(3000):
            u = 1 + dim * theta**2
            v = 1 - theta**2 / u if asleep else 1 / (1 + theta**2)
            sum_by_x = dim * theta / u
            new = sum_by_x * lam / (sum_by_x**2 * lam + dim * v)
            if abs(new - theta) < 1e-15:
                break
            theta = new
        t = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
        var = 1 + dim * t**2
        (slope,) = torch.autograd.grad(-0.5 * var.log() - lam / (2 * var), t)
        rows.append(torch.tensor([u, v, slope], dtype=torch.float64))
    return torch.stack(rows)


# %% wrong both_conditional, from right closed: One over the diagonal of the precision in both.
# diagnosis: one_for_both
#-     return torch.tensor([row(asleep), row(elbo)], dtype=torch.float64)
#+     return torch.tensor([row(elbo), row(elbo)], dtype=torch.float64)


# %% wrong both_marginal, from right closed: The diagonal of the covariance in both.
# diagnosis: one_for_both
#-     return torch.tensor([row(asleep), row(elbo)], dtype=torch.float64)
#+     return torch.tensor([row(asleep), row(asleep)], dtype=torch.float64)


# %% wrong exchanged, from right closed: Each variance to the other algorithm.
# diagnosis: one_for_both
#-     return torch.tensor([row(asleep), row(elbo)], dtype=torch.float64)
#+     return torch.tensor([row(elbo), row(asleep)], dtype=torch.float64)


# %% wrong likeliest, from right bisected: As if both ended at maximum likelihood.
# diagnosis: maximum_likelihood
#-         theta = low
#+         theta = np.sqrt(max(lam - 1, 0) / dim)


# %% wrong gives_theta, from right closed: theta in the first column.
# diagnosis: theta_for_u
#-         return [u, v, slope]
#+         return [theta, v, slope]


# %% wrong gives_scale, from right closed: The standard deviation of q.
# diagnosis: scale_for_variance
#-         return [u, v, slope]
#+         return [u, math.sqrt(v), slope]


# %% wrong no_square, from right bisected: v u is set equal to lam.
# diagnosis: value
#-             if variance(theta, how) * u**2 < lam:
#+             if variance(theta, how) * u < lam:


# %% wrong slope_by_u, from right closed: The slope in u.
# diagnosis: slope_in_u
#-         slope = dim * theta * (lam - u) / u**2
#+         slope = (lam - u) / (2 * u**2)


# %% wrong no_slope, from right closed: At rest, so no slope is left.
# diagnosis: at_rest_by_definition
#-         slope = dim * theta * (lam - u) / u**2
#+         slope = 0.0


# %% wrong at_means, from right iterated: The wake phase at the means of q: no v in the regression, and no rest.
# diagnosis: dictionary
#-             new = sum_by_x * lam / (sum_by_x**2 * lam + dim * v)
#+             new = 1 / sum_by_x


# %% wrong few_rounds, from right iterated: Thirty rounds are taken for rest.
# diagnosis: value
#-         for _ in range(3000):
#+         for _ in range(30):


# %% wrong quiet, from right closed: theta squared is negative when the data vary less than the noise.
# diagnosis: negative_square
#-     if lam <= 1:
#+     if lam <= 0:


# %% wrong turned, from right closed: Algorithms in the columns.
# diagnosis: transposed
#-     return torch.tensor([row(asleep), row(elbo)], dtype=torch.float64)
#+     return torch.tensor([row(asleep), row(elbo)], dtype=torch.float64).T


# %% wrong for_two, from right closed: Two latents, whatever their number.
# diagnosis: value
#-     pairs = 4 * dim * (dim - 1)
#+     dim = 2
#+     pairs = 4 * dim * (dim - 1)


# %% wrong plain_sum, from right closed: The slope without the factor dim.
# diagnosis: dim_lost
#-         slope = dim * theta * (lam - u) / u**2
#+         slope = theta * (lam - u) / u**2
