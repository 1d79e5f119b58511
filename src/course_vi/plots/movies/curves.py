"""What several moving pictures draw with."""

from __future__ import annotations

import math

from matplotlib import colormaps
from matplotlib.colors import to_hex
from torch import Tensor

from course_vi.plots.style import BROWN

__all__ = ["BROWN", "TEN", "Gaussian", "density", "height"]

TEN = tuple(to_hex(colour) for colour in colormaps["tab10"].colors)  # type: ignore[attr-defined]  # digits
Gaussian = tuple[float, float]  # mean and standard deviation


def height(z: float, mean: float, scale: float) -> float:
    """The density of N(mean, scale^2) at z."""
    return math.exp(-0.5 * ((z - mean) / scale) ** 2) / (scale * math.sqrt(2 * math.pi))


def density(z: Tensor, which: Gaussian) -> list[tuple[float, float]]:
    """The same as a curve over z, ``(N)``."""
    return [(at, height(at, *which)) for at in z.tolist()]
