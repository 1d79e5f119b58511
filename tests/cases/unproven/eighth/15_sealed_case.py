import itertools
import math

import torch
from torch import Tensor

# %% right best_of_six_orders: the cost of each order in squared standard errors, the dead latent chosen for the best, and no cost for whoever is rotated
def name_them(measured: Tensor, errors: Tensor, eigenvalues: Tensor, noise_scale: Tensor, beta: Tensor, latent_dim: int) -> list[str]:
    def costs(person: int) -> dict[str, float]:
        values = sorted(map(float, eigenvalues[person]), reverse=True)
        level = float(beta[person]) * float(noise_scale[person]) ** 2
        kept, rest = values[:latent_dim], sum(values[latent_dim:])
        rate, distortion = sum(0.5 * math.log(value / level) for value in kept), latent_dim * level + rest

        def far(r: float, d: float) -> float:
            return sum(((float(m) - v) / float(e)) ** 2 for m, v, e in zip(measured[person], (r, d), errors[person], strict=True))

        dead = min(far(rate - 0.5 * math.log(value / level), distortion + value - level) for value in kept)
        return {"right": far(rate, distortion), "collapsed": dead, "rotated": 0.0}

    table = [costs(person) for person in range(3)]
    orders = itertools.permutations(("right", "rotated", "collapsed"))
    return list(min(orders, key=lambda order: sum(row[name] for row, name in zip(table, order, strict=True))))

# %% wrong last_latent_dead: supposes that the latent that died is the one of the smallest kept eigenvalue
def name_them(measured: Tensor, errors: Tensor, eigenvalues: Tensor, noise_scale: Tensor, beta: Tensor, latent_dim: int) -> list[str]:
    cost = torch.zeros(3, 3, dtype=measured.dtype)
    for i in range(3):
        values = eigenvalues[i].sort(descending=True).values
        level = beta[i] * noise_scale[i] ** 2
        kept, rest = values[:latent_dim], values[latent_dim:].sum()
        right = torch.stack([0.5 * (kept / level).log().sum(), latent_dim * level + rest])
        last = kept[-1]
        collapsed = right + torch.stack([-0.5 * (last / level).log(), last - level])
        for j, expected in enumerate((right, collapsed)):
            cost[i, j] = ((measured[i] - expected) / errors[i]).square().sum()
    names = ("right", "collapsed", "rotated")
    best = min(itertools.permutations(range(3)), key=lambda order: float(sum(cost[i, j] for i, j in enumerate(order))))
    return [names[j] for j in best]

# %% wrong level_without_beta: puts the water at the noise variance of the decoder, as for the ordinary ELBO; beta is only thought to weigh the objective
def name_them(measured: Tensor, errors: Tensor, eigenvalues: Tensor, noise_scale: Tensor, beta: Tensor, latent_dim: int) -> list[str]:
    cost = torch.zeros(3, 3, dtype=measured.dtype)
    for i in range(3):
        values = eigenvalues[i].sort(descending=True).values
        level = noise_scale[i] ** 2
        kept, rest = values[:latent_dim], values[latent_dim:].sum()
        right = torch.stack([0.5 * (kept / level).log().sum(), latent_dim * level + rest])
        cost[i, 0] = ((measured[i] - right) / errors[i]).square().sum()
        dead = right + torch.stack([-0.5 * (kept / level).log(), kept - level], -1)
        cost[i, 1] = ((measured[i] - dead) / errors[i]).square().sum(-1).min()
    names = ("right", "collapsed", "rotated")
    best = min(itertools.permutations(range(3)), key=lambda order: float(sum(cost[i, j] for i, j in enumerate(order))))
    return [names[j] for j in best]

# %% wrong one_standard_error: calls a person right or collapsed only if both numbers lie within one standard error of the prediction, and rotated otherwise
def name_them(measured: Tensor, errors: Tensor, eigenvalues: Tensor, noise_scale: Tensor, beta: Tensor, latent_dim: int) -> list[str]:
    names = []
    for i in range(3):
        values = eigenvalues[i].sort(descending=True).values
        level = beta[i] * noise_scale[i] ** 2
        kept, rest = values[:latent_dim], values[latent_dim:].sum()
        right = torch.stack([0.5 * (kept / level).log().sum(), latent_dim * level + rest])
        dead = right + torch.stack([-0.5 * (kept / level).log(), kept - level], -1)
        within = lambda expected: ((measured[i] - expected).abs() <= errors[i]).all(-1)
        names.append("right" if bool(within(right)) else "collapsed" if bool(within(dead).any()) else "rotated")
    return names

# %% wrong share_of_variance_left: ranks the persons by which share of their data's variance their distortion is: least is right, most is collapsed, the other rotated
def name_them(measured: Tensor, errors: Tensor, eigenvalues: Tensor, noise_scale: Tensor, beta: Tensor, latent_dim: int) -> list[str]:
    left = measured[:, 1] / eigenvalues.sum(-1)
    names = [""] * 3
    for name, person in zip(("right", "rotated", "collapsed"), left.argsort().tolist(), strict=True):
        names[person] = name
    return names
