import itertools

import torch
from torch import Tensor

NAMES = ("right", "another objective", "collapsed")


def along_the_axes(draws, mean, covariance):
    """Eigenvalues, falling, and the variances of each person's pictures along the axes, (3, Dx)."""
    values, axes = torch.linalg.eigh(covariance)
    values, axes = values.flip(0), axes.flip(1)
    return values, torch.stack([((pictures - mean) @ axes).var(0) for pictures in draws])


def best_order(cost):
    who = min(itertools.permutations(range(3)), key=lambda w: sum(float(cost[row, person]) for row, person in enumerate(w)))
    names = [""] * 3
    for name, person in zip(NAMES, who, strict=True):
        names[person] = name
    return names


def misfit(seen, told, count):
    return 0.5 * count * (seen / told - 1 - (seen / told).log()).sum(-1)


# %% right likelihood_ratio_of_variances: for every prediction (the collapsed one once for each latent that may be lost) the likelihood ratio of the variances along the axes, and the best of six orders
def name_them(draws: Tensor, mean: Tensor, covariance: Tensor, latent_dim: int, noise_scale: float, beta: float) -> list[str]:
    values, seen = along_the_axes(draws, mean, covariance)
    noise, count = noise_scale**2, draws.shape[1]
    first = torch.arange(len(values)) < latent_dim
    right = torch.where(first, values.clamp(min=noise), noise)
    other = torch.where(first, (values - beta * noise).clamp(min=0) + noise, noise)
    lost = []
    for place in range(latent_dim):
        if values[place] > noise:
            without = right.clone()
            without[place] = noise
            lost.append(misfit(seen, without, count))
    cost = torch.stack([misfit(seen, right, count), misfit(seen, other, count), torch.stack(lost).amin(0)])
    return best_order(cost)


# %% wrong noise_of_the_other_objective: the model that maximizes the other objective is thought to generate with variance beta sigma^2 as well; its pictures come with the old noise
def name_them(draws: Tensor, mean: Tensor, covariance: Tensor, latent_dim: int, noise_scale: float, beta: float) -> list[str]:
    values, seen = along_the_axes(draws, mean, covariance)
    noise, count = noise_scale**2, draws.shape[1]
    first = torch.arange(len(values)) < latent_dim
    right = torch.where(first, values.clamp(min=noise), noise)
    other = torch.where(first, values.clamp(min=beta * noise), beta * noise)
    lost = []
    for place in range(latent_dim):
        if values[place] > noise:
            without = right.clone()
            without[place] = noise
            lost.append(misfit(seen, without, count))
    return best_order(torch.stack([misfit(seen, right, count), misfit(seen, other, count), torch.stack(lost).amin(0)]))


# %% wrong divided_by_beta: the reconstruction's noise is taken for sigma^2 / beta, the wrong way round: a heavy KL term is thought to make columns longer
def name_them(draws: Tensor, mean: Tensor, covariance: Tensor, latent_dim: int, noise_scale: float, beta: float) -> list[str]:
    values, seen = along_the_axes(draws, mean, covariance)
    noise, count = noise_scale**2, draws.shape[1]
    first = torch.arange(len(values)) < latent_dim
    right = torch.where(first, values.clamp(min=noise), noise)
    other = torch.where(first, (values - noise / beta).clamp(min=0) + noise, noise)
    lost = []
    for place in range(latent_dim):
        if values[place] > noise:
            without = right.clone()
            without[place] = noise
            lost.append(misfit(seen, without, count))
    return best_order(torch.stack([misfit(seen, right, count), misfit(seen, other, count), torch.stack(lost).amin(0)]))


# %% wrong least_varied_is_collapsed: finds the right model by its variances, and takes for collapsed whichever of the other two varies less in all; a heavy beta may vary less still
def name_them(draws: Tensor, mean: Tensor, covariance: Tensor, latent_dim: int, noise_scale: float, beta: float) -> list[str]:
    values, seen = along_the_axes(draws, mean, covariance)
    noise, count = noise_scale**2, draws.shape[1]
    first = torch.arange(len(values)) < latent_dim
    right = int(misfit(seen, torch.where(first, values.clamp(min=noise), noise), count).argmin())
    rest = sorted((person for person in range(3) if person != right), key=lambda person: float(seen[person].sum()))
    names = [""] * 3
    names[right], names[rest[0]], names[rest[1]] = "right", "collapsed", "another objective"
    return names


# %% wrong who_for_where: knows whose pictures are whose, and lists for each name the place of its person, read as names by person: the inverse order
def name_them(draws: Tensor, mean: Tensor, covariance: Tensor, latent_dim: int, noise_scale: float, beta: float) -> list[str]:
    values, seen = along_the_axes(draws, mean, covariance)
    noise, count = noise_scale**2, draws.shape[1]
    first = torch.arange(len(values)) < latent_dim
    right = torch.where(first, values.clamp(min=noise), noise)
    other = torch.where(first, (values - beta * noise).clamp(min=0) + noise, noise)
    lost = []
    for place in range(latent_dim):
        if values[place] > noise:
            without = right.clone()
            without[place] = noise
            lost.append(misfit(seen, without, count))
    names = best_order(torch.stack([misfit(seen, right, count), misfit(seen, other, count), torch.stack(lost).amin(0)]))
    return [NAMES[names.index(name)] for name in NAMES]
