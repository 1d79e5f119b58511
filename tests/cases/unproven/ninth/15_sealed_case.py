import itertools

import torch
from torch import Tensor


def optimum(eigenvalues: Tensor, noise_scale: float, beta: float, latent_dim: int):
    values = eigenvalues.sort(descending=True).values
    top, rest, level = values[:latent_dim], values[latent_dim:].sum(), beta * noise_scale**2
    return top, rest, level, torch.stack([0.5 * (top / level).log().sum(), latent_dim * level + rest])


def matched(costs: dict[str, list[float]]) -> list[str]:
    """The order of names that costs least, each given once."""
    return list(min(itertools.permutations(costs), key=lambda order: sum(costs[name][i] for i, name in enumerate(order))))

# %% wrong weakest_latent: the latent that died is taken to be the one with the smallest eigenvalue, which carries least; the statement does not say which it is
def name_them(measured: Tensor, errors: Tensor, eigenvalues: Tensor, noise_scale: Tensor, beta: Tensor, latent_dim: int) -> list[str]:
    right, collapsed = [], []
    for i in range(3):
        top, _, level, best = optimum(eigenvalues[i], float(noise_scale[i]), float(beta[i]), latent_dim)
        dead = best + torch.stack([-0.5 * (top[-1] / level).log(), top[-1] - level])
        right.append(float(((measured[i] - best) / errors[i]).square().sum()))
        collapsed.append(float(((measured[i] - dead) / errors[i]).square().sum()))
    person = right.index(min(right))
    other = min((i for i in range(3) if i != person), key=lambda i: collapsed[i])
    return ["right" if i == person else "collapsed" if i == other else "rotated" for i in range(3)]

# %% wrong evenly_mixed: the rotated person is predicted, with every latent holding an equal share of every axis, and the three are matched together; rotations come in a continuum, and by how much they mix is not said
def name_them(measured: Tensor, errors: Tensor, eigenvalues: Tensor, noise_scale: Tensor, beta: Tensor, latent_dim: int) -> list[str]:
    costs = {"right": [], "rotated": [], "collapsed": []}
    for i in range(3):
        top, rest, level, best = optimum(eigenvalues[i], float(noise_scale[i]), float(beta[i]), latent_dim)
        mean = top.mean()
        rate = 0.5 * (latent_dim * level / mean + (1 - level / top).sum() - latent_dim + latent_dim * (mean / level).log())
        mixed = torch.stack([rate, (level**2 / top).sum() + ((top - level) * level / mean).sum() + rest])
        dead = best + torch.stack([-0.5 * (top / level).log(), top - level], 1)
        costs["right"].append(float(((measured[i] - best) / errors[i]).square().sum()))
        costs["rotated"].append(float(((measured[i] - mixed) / errors[i]).square().sum()))
        costs["collapsed"].append(float(((measured[i] - dead) / errors[i]).square().sum(1).min()))
    return matched(costs)

# %% wrong rate_alone: only the rate is compared with the optimum, as a dead latent carries none: the nearest is right, and the one that lacks most is collapsed; a rotation costs rate, too, and may cost more than a weak latent has
def name_them(measured: Tensor, errors: Tensor, eigenvalues: Tensor, noise_scale: Tensor, beta: Tensor, latent_dim: int) -> list[str]:
    lacks = []
    for i in range(3):
        best = optimum(eigenvalues[i], float(noise_scale[i]), float(beta[i]), latent_dim)[3]
        lacks.append(float((best[0] - measured[i, 0]) / errors[i, 0]))
    person = min(range(3), key=lambda i: abs(lacks[i]))
    other = max((i for i in range(3) if i != person), key=lambda i: lacks[i])
    return ["right" if i == person else "collapsed" if i == other else "rotated" for i in range(3)]
