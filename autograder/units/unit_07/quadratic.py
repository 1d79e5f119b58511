"""One bit and a quadratic: the exact bias and variance of straight-through and of the binary concrete, by quadrature."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from autograder.units.unit_07.reference import sigmoid

__all__ = ["HIGHEST", "LOWEST", "Curve", "Place", "asymptote", "bent", "curve", "exact", "lowest"]

LOWEST, HIGHEST = 0.05, 5.0
# In t = (logit + noise) / temperature everything is smooth and decays, so the trapezoid rule is as good as exact.
NODES = np.arange(-32.0, 32.05, 0.1)


class Place(NamedTuple):
    """f(b) = a b^2 / 2 + c b for a bit with this logit."""

    a: float
    c: float
    logit: float

    @property
    def v(self) -> float:
        """p (1 - p)."""
        return float(sigmoid(self.logit) * sigmoid(-self.logit))


def exact(place: Place) -> np.ndarray:
    """The gradient in the logit, straight-through's bias and its variance, by summing over both values of the bit."""
    p, v = float(sigmoid(place.logit)), place.v
    truth = v * (0.5 * place.a + place.c)
    slopes = v * (place.a * np.array([0.0, 1.0]) + place.c)
    chances = np.array([1 - p, p])
    mean = chances @ slopes
    return np.array([truth, mean - truth, chances @ (slopes - mean) ** 2])


def bent(place: Place, temperature: float) -> tuple[float, float]:
    """Mean and mean square of the path derivative through a sample of the binary concrete."""
    mean, square = _moments(place, np.array([temperature]))
    return float(mean[0]), float(square[0])


def _moments(place: Place, temperatures: np.ndarray) -> np.ndarray:
    """``bent`` at many temperatures, ``(2, T)``."""
    tails = np.exp(-np.abs(temperatures[:, None] * NODES - place.logit))
    density = tails / (1 + tails) ** 2  # of the logistic noise, which is even
    path = (place.a * sigmoid(NODES) + place.c) * sigmoid(NODES) * sigmoid(-NODES)
    step = NODES[1] - NODES[0]
    return step * np.stack([density @ path, density @ path**2 / temperatures])


def asymptote(place: Place) -> tuple[float, float]:
    """B and V: as the temperature t falls the bias is t B and the variance V / t."""
    bias = exact(place)[1]
    square = place.a**2 / 20 + place.a * place.c / 6 + place.c**2 / 6
    return float(bias), place.v * square


class Curve(NamedTuple):
    """Bias and variance of one sample over temperatures."""

    temperatures: np.ndarray
    bias: np.ndarray
    variance: np.ndarray


def curve(place: Place, temperatures: np.ndarray) -> Curve:
    mean, square = _moments(place, temperatures)
    return Curve(temperatures, mean - exact(place)[0], square - mean**2)


@lru_cache(maxsize=64)
def lowest(place: Place, samples: int, steps: int = 160) -> tuple[float, float]:
    """The temperature of the least mean squared error, and that error: the best of a grid, refined twice around it."""
    low, high = LOWEST, HIGHEST
    best, error = low, np.inf
    for count in (steps, 40, 40):
        grid = np.geomspace(low, high, count)
        seen = curve(place, grid)
        errors = seen.bias**2 + seen.variance / samples
        at = int(errors.argmin())
        if errors[at] < error:
            best, error = float(grid[at]), float(errors[at])
        ratio = grid[1] / grid[0]
        low, high = max(best / ratio, LOWEST), min(best * ratio, HIGHEST)
    return best, error
