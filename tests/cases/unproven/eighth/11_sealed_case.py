import itertools
import math

import torch
from torch import Tensor
from torch.distributions import MultivariateNormal, kl_divergence

NAMES = ("right", "approximation gap", "amortization gap")


def exact_moments(x, weight, variance):
    precision = torch.eye(2, dtype=weight.dtype) + weight.T @ weight / variance
    covariance = torch.linalg.inv(precision)
    return x @ weight @ covariance / variance, precision, covariance


# %% right divergence_of_empirical_gaussians: K times the KL of the Gaussian with a fit's own moments from each closed form, summed over data, and the best of six orders
def name_them(z: Tensor, x: Tensor, weight: Tensor, variance: float) -> list[str]:
    mean, precision, covariance = exact_moments(x, weight, variance)
    aims = (
        MultivariateNormal(mean, covariance),
        MultivariateNormal(mean, torch.diag(1 / precision.diagonal())),
    )
    centred = z - z.mean(1, keepdim=True)
    own = MultivariateNormal(z.mean(1), torch.einsum("pkbi,pkbj->pbij", centred, centred) / (z.shape[1] - 1))
    cost = torch.stack([kl_divergence(own, aim).sum(-1) for aim in aims])
    best = min(itertools.permutations(range(3)), key=lambda who: float(cost[0, who[0]] + cost[1, who[1]]))
    return [NAMES[best.index(person)] for person in range(3)]


# %% wrong by_the_bound: the order of the estimated ELBO, highest is right, lowest is amortized; but either gap may be the larger one
def name_them(z: Tensor, x: Tensor, weight: Tensor, variance: float) -> list[str]:
    mean, precision, covariance = exact_moments(x, weight, variance)
    heights = []
    for samples in z:
        centred = samples - samples.mean(0)
        own = MultivariateNormal(samples.mean(0), torch.einsum("kbi,kbj->bij", centred, centred) / (len(samples) - 1))
        heights.append(float(-kl_divergence(own, MultivariateNormal(mean, covariance)).sum()))
    order = sorted(range(3), key=lambda person: -heights[person])
    names = [""] * 3
    for name, person in zip(NAMES, order, strict=True):
        names[person] = name
    return names


# %% wrong the_most_typical_datum: compares all moments with both closed forms, at the one datum that lies nearest to the origin, where an encoder is at its best
def name_them(z: Tensor, x: Tensor, weight: Tensor, variance: float) -> list[str]:
    mean, precision, covariance = exact_moments(x, weight, variance)
    near = int(x.norm(dim=-1).argmin())
    aims = (covariance, torch.diag(1 / precision.diagonal()))
    cost = torch.zeros(2, 3)
    for person in range(3):
        samples = z[person, :, near]
        own = MultivariateNormal(samples.mean(0), torch.cov(samples.T))
        for row, aim in enumerate(aims):
            cost[row, person] = float(kl_divergence(own, MultivariateNormal(mean[near], aim)))
    best = min(itertools.permutations(range(3)), key=lambda who: float(cost[0, who[0]] + cost[1, who[1]]))
    return [NAMES[best.index(person)] for person in range(3)]


# %% wrong by_the_correlation: the smallest correlation is the factorized fit, the largest the right one; but an encoder may overstate correlations as well
def name_them(z: Tensor, x: Tensor, weight: Tensor, variance: float) -> list[str]:
    strength = []
    for samples in z:
        each = torch.stack([torch.corrcoef(part.T)[0, 1] for part in samples.unbind(1)])
        strength.append(float(each.abs().mean()))
    order = sorted(range(3), key=lambda person: -strength[person])
    names = [""] * 3
    names[order[0]], names[order[1]], names[order[2]] = "right", "amortization gap", "approximation gap"
    return names


# %% wrong by_the_means_alone: whoever has the worst means is amortized, and of the rest the smaller correlation is factorized; an encoder whose scales are off has right means
def name_them(z: Tensor, x: Tensor, weight: Tensor, variance: float) -> list[str]:
    mean, precision, covariance = exact_moments(x, weight, variance)
    error = (z.mean(1) - mean).square().sum((-1, -2))
    amortized = int(error.argmax())
    rest = [person for person in range(3) if person != amortized]
    strength = {p: sum(abs(float(torch.corrcoef(part.T)[0, 1])) for part in z[p].unbind(1)) for p in rest}
    rest.sort(key=lambda person: -strength[person])
    names = [""] * 3
    names[amortized], names[rest[0]], names[rest[1]] = "amortization gap", "right", "approximation gap"
    return names
