import itertools
import math

import torch
from torch import Tensor

NAMES = ["straight-through", "relaxed", "unbiased"]


def bent_moments(logit, temperature):
    """E y, and the derivatives of E y and E y^2 in the logit, for a binary concrete y."""
    t = torch.linspace(-45, 45, 9001, dtype=torch.float64)
    y = t.sigmoid()
    noise = temperature * t - logit
    weight = noise.sigmoid() * (-noise).sigmoid() * (t[1] - t[0])
    slope = y * (1 - y)                                     # d y / d logit, times the temperature that dt brings
    return (weight * y).sum() * temperature, (weight * slope).sum(), (weight * 2 * y * slope).sum()


def expected(logits, linear, quadratic, temperature, plug_in=False, noiseless=False):
    """(name, bit)."""
    p = logits.sigmoid()
    spread, own = p * (1 - p), quadratic.diagonal()
    through = spread * (linear + quadratic @ p)
    cross = (quadratic @ p) - own * p
    truth = spread * (linear + cross + (own * p if plug_in else own / 2))
    if noiseless:
        y = (logits / temperature).sigmoid()
        relaxed = y * (1 - y) / temperature * (linear + quadratic @ y)
    else:
        mean, first, second = (torch.stack(v) for v in zip(*(bent_moments(l, temperature) for l in logits)))
        relaxed = first * (linear + quadratic @ mean - own * mean) + 0.5 * own * second
    return torch.stack([through, relaxed, truth])


def costs(means, errors, exact):
    return (((means[:, None] - exact) / errors[:, None].clamp_min(1e-12)) ** 2).sum(-1)


def cheapest(cost):
    return min(itertools.permutations(range(3)), key=lambda order: sum(float(cost[i, n]) for i, n in enumerate(order)))

# %% right independent_bits: f is quadratic and the bits are independent, so the relaxed mean needs two one-dimensional integrals for each bit and no grid in the plane
def name_them(means: Tensor, errors: Tensor, logits: Tensor, linear: Tensor, quadratic: Tensor, temperature: float, level: float) -> list[str]:
    cost = costs(means, errors, expected(logits, linear, quadratic, temperature))
    return [NAMES[n] for n in cheapest(cost)]

# %% wrong f_at_the_mean: takes E f(b) for f at the probabilities, so that the exact gradient has the slope of b squared, and comes out the same as straight-through's mean
def name_them(means: Tensor, errors: Tensor, logits: Tensor, linear: Tensor, quadratic: Tensor, temperature: float, level: float) -> list[str]:
    return [NAMES[n] for n in cheapest(costs(means, errors, expected(logits, linear, quadratic, temperature, plug_in=True)))]

# %% wrong bent_without_noise: takes the relaxed bits for the sigmoid of logit over temperature, a number without noise
def name_them(means: Tensor, errors: Tensor, logits: Tensor, linear: Tensor, quadratic: Tensor, temperature: float, level: float) -> list[str]:
    return [NAMES[n] for n in cheapest(costs(means, errors, expected(logits, linear, quadratic, temperature, noiseless=True)))]

# %% wrong persons_of_names: finds the best order and gives the person of each name where the name of each person was asked for; the same unless all three change places
def name_them(means: Tensor, errors: Tensor, logits: Tensor, linear: Tensor, quadratic: Tensor, temperature: float, level: float) -> list[str]:
    cost = costs(means, errors, expected(logits, linear, quadratic, temperature))
    order = cheapest(cost.T)
    return [NAMES[person] for person in order]

# %% wrong without_the_other_bit: forgets the product of the two bits in all three means, as if f were a sum over bits
def name_them(means: Tensor, errors: Tensor, logits: Tensor, linear: Tensor, quadratic: Tensor, temperature: float, level: float) -> list[str]:
    alone = torch.diag(quadratic.diagonal())
    return [NAMES[n] for n in cheapest(costs(means, errors, expected(logits, linear, alone, temperature)))]
