"""What several exercises of unit 07 share: Gumbel noise, Gumbels given their argmax, one bit by quadrature, models of bits."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

__all__ = [
    "DETACHED",
    "OWN_NOISE",
    "conditional",
    "gumbels",
    "one_hots",
    "pulled",
    "sigmoid",
    "states",
    "weights",
]

DETACHED = "The result has no graph to the logits: look for detach, item, NumPy, or a new torch.tensor(...)."
OWN_NOISE = "Two calls with the same arguments give two answers. The noise is an argument: draw none of your own."


def sigmoid(logits: Any) -> np.ndarray:
    value: np.ndarray = 0.5 * (1 + np.tanh(0.5 * np.asarray(logits, dtype=float)))
    return value


def gumbels(
    rng: np.random.Generator, shape: tuple[int, ...], in_the_tails: bool = False
) -> np.ndarray:
    """Standard Gumbel noise; every other number of it far out in either tail, if that is asked for."""
    noise: np.ndarray = rng.gumbel(size=shape)
    if in_the_tails:
        far = np.where(
            rng.random(shape) < 0.7, rng.uniform(5, 16, shape), rng.uniform(-4, -2, shape)
        )
        noise = np.where(rng.random(shape) < 0.5, far, noise)
    return noise


def one_hots(chosen: np.ndarray, categories: int) -> np.ndarray:
    """One-hot vectors along a new last axis."""
    rows: np.ndarray = np.eye(categories)[chosen]
    return rows


def weights(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Weights with which results are pulled back: of either sign, no two alike."""
    value: np.ndarray = rng.uniform(0.5, 2.0, shape) * rng.choice([-1, 1], shape)
    return value


def pulled(function: Callable[[Tensor], Tensor], at: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The gradient of ``(weight * function(at)).sum()``."""
    place = torch.tensor(at, requires_grad=True)
    value = (torch.tensor(weight) * function(place)).sum()
    if not value.requires_grad:
        return np.zeros_like(at)
    (slope,) = torch.autograd.grad(value, place, allow_unused=True)
    return np.zeros_like(at) if slope is None else slope.numpy()


def conditional(logits: Tensor, z: Tensor, g: Tensor) -> Tensor:
    """Perturbed logits given that z won: the largest first, each other one cut off by it. ``(*B, C), (K, *B, C) -> (K, *B, C)``."""
    top = torch.logsumexp(logits, -1, keepdim=True) + (z * g).sum(-1, keepdim=True)
    others = -torch.logaddexp(-(logits + g), -top)
    return torch.where(z > 0.5, top, others)


def states(bits: int) -> np.ndarray:
    """All vectors of so many bits, ``(2^D, D)``."""
    return np.array(list(itertools.product((0.0, 1.0), repeat=bits)))
