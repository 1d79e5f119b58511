"""What several exercises of unit 14 share."""

from __future__ import annotations

import numpy as np

__all__ = ["either_sign", "normal"]


def either_sign(
    rng: np.random.Generator, shape: tuple[int, ...], low: float = 0.5, high: float = 2.0
) -> np.ndarray:
    """Numbers of either sign, no two alike, with sizes between the two."""
    value: np.ndarray = rng.uniform(low, high, shape) * rng.choice([-1, 1], shape)
    return value


def normal(value: np.ndarray, loc: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """log N(value; loc, scale^2)."""
    density: np.ndarray = (
        -0.5 * ((value - loc) / scale) ** 2 - np.log(scale) - 0.5 * np.log(2 * np.pi)
    )
    return density
