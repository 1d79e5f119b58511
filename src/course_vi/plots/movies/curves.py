"""What several moving pictures draw with."""

from __future__ import annotations

import math

from torch import Tensor

__all__ = ["BROWN", "TEN", "Gaussian", "density", "height"]

BROWN = "#8A5F00"  # words about what is orange: orange letters on white are hard to read
TEN = (
    "#1f77b4",
    "#ff7f0e",
    "#2ca02c",
    "#d62728",
    "#9467bd",
    "#8c564b",
    "#e377c2",
    "#7f7f7f",
    "#bcbd22",
    "#17becf",
)  # digits
Gaussian = tuple[float, float]  # mean and standard deviation


def height(z: float, mean: float, scale: float) -> float:
    """The density of N(mean, scale^2) at z."""
    return math.exp(-0.5 * ((z - mean) / scale) ** 2) / (scale * math.sqrt(2 * math.pi))


def density(z: Tensor, which: Gaussian) -> list[tuple[float, float]]:
    """The same as a curve over z, ``(N)``."""
    return [(at, height(at, *which)) for at in z.tolist()]
