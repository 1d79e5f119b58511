import itertools
import math

import torch
from torch import Tensor

NAMES = ["biased", "noisy", "another target"]


def expected(x, m, s, weigh=True):
    """(name, parameter): exact means, by an even grid for the two noises."""
    e = torch.linspace(-8, 8, 321, dtype=torch.float64)
    mass = torch.exp(-0.5 * e**2)
    mass = mass / mass.sum()
    z = m + s * e
    log_w = -0.5 * z**2 - 0.5 * (x - z) ** 2 + 0.5 * e**2
    total = torch.stack([x - 2 * z, (x - 2 * z) * s * e + 1], -1)
    path = torch.stack([x - 2 * z + e / s, (x - 2 * z + e / s) * s * e], -1)
    share = torch.sigmoid(log_w[:, None] - log_w)                      # of the first in the sum of the two
    if not weigh:
        share = torch.full_like(share, 0.5)
    weight = 2 * torch.einsum("i,j,ij->i", mass, mass, share)          # twice the first, for the two are alike
    plain = torch.tensor([x - 2 * m, 1 - 2 * s**2], dtype=torch.float64)
    return torch.stack([weight @ path, weight @ total, plain])


def costs(draws, means):
    found, error = draws.mean(1), draws.std(1) / draws.shape[1] ** 0.5
    return (((found[:, None] - means) / error[:, None].clamp_min(1e-12)) ** 2).sum(-1)


def cheapest(cost):
    return min(itertools.permutations(range(3)), key=lambda order: sum(float(cost[i, n]) for i, n in enumerate(order)))

# %% right self_normalized_by_hand: the gradient of a log mean is the gradient of each log weight times its share, so means are sums over a grid and nothing is differentiated
def name_them(draws: Tensor, x: float, loc: float, scale: float) -> list[str]:
    cost = costs(draws, expected(float(x), float(loc), float(scale)))
    return [NAMES[n] for n in cheapest(cost)]

# %% wrong persons_of_names: finds the best order and gives the person of each name where the name of each person was asked; the same unless all three change places
def name_them(draws: Tensor, x: float, loc: float, scale: float) -> list[str]:
    cost = costs(draws, expected(float(x), float(loc), float(scale)))
    return [NAMES[person] for person in cheapest(cost.T)]

# %% wrong the_louder_one: finds who has another target by its closed form, and says that of the other two the one with the larger variance is noisy, which a narrow q turns around
def name_them(draws: Tensor, x: float, loc: float, scale: float) -> list[str]:
    plain = torch.tensor([x - 2 * loc, 1 - 2 * scale**2], dtype=torch.float64)
    other = int(costs(draws, plain[None])[:, 0].argmin())
    loud = draws.var(1).sum(-1)
    rest = sorted((i for i in range(3) if i != other), key=lambda i: float(loud[i]))
    names = [""] * 3
    names[other], names[rest[0]], names[rest[1]] = "another target", "biased", "noisy"
    return names

# %% wrong half_and_half: gives each of the two samples a weight of one half in all three means, as it is on average, so all means come out as those of the plain bound
def name_them(draws: Tensor, x: float, loc: float, scale: float) -> list[str]:
    return [NAMES[n] for n in cheapest(costs(draws, expected(float(x), float(loc), float(scale), weigh=False)))]

# %% wrong scale_is_a_variance: takes the scale for a variance, and its root for the standard deviation of q
def name_them(draws: Tensor, x: float, loc: float, scale: float) -> list[str]:
    return [NAMES[n] for n in cheapest(costs(draws, expected(float(x), float(loc), math.sqrt(scale))))]
