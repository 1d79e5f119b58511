"""What several exercises of unit 12 share: bits and their states, small joint tables, unequal weights."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

__all__ = ["bernoulli", "either_sign", "sigmoid", "states"]


def sigmoid(logits: Any) -> np.ndarray:
    value: np.ndarray = 0.5 * (1 + np.tanh(0.5 * np.asarray(logits, dtype=float)))
    return value


def states(bits: int) -> np.ndarray:
    """All vectors of so many bits, ``(2^D, D)``, the last bit changing fastest."""
    return np.array(list(itertools.product((0.0, 1.0), repeat=bits)))


def bernoulli(chance: np.ndarray, bits: np.ndarray) -> np.ndarray:
    """The probability of vectors of independent bits: ``(*, D), (*, D) -> (*)``."""
    value: np.ndarray = np.where(bits > 0.5, chance, 1 - chance).prod(-1)
    return value


def either_sign(
    rng: np.random.Generator, shape: tuple[int, ...], low: float = 0.5, high: float = 2.0
) -> np.ndarray:
    """Numbers of either sign, no two alike, with sizes between the two."""
    value: np.ndarray = rng.uniform(low, high, shape) * rng.choice([-1, 1], shape)
    return value
