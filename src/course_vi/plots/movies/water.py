"""Water over eigenvalues: what stays dry is sent."""

from __future__ import annotations

import math

from torch import Tensor

from course_vi.plots.beside import Beside
from course_vi.plots.moving import Movie
from course_vi.plots.style import BLACK, BLUE, GREEN, GREY, QUIET, SKY

__all__ = ["water_rises"]


def water_rises(eigenvalues: Tensor, levels: Tensor, rates: Tensor, distortions: Tensor) -> Beside:
    """Unit 15: the water rises over the eigenvalues of a source, and a point runs along its rate-distortion curve.

    Args:
        eigenvalues: ``(D,)``, the largest first.
        levels: of the water, frame by frame, ``(n,)``.
        rates, distortions: of the source at each level, ``(n,)``.

    Raises:
        ValueError: as many levels as rates and distortions are expected.

    >>> import torch
    >>> values, levels = torch.tensor([1.0, 0.5, 0.1]), torch.tensor([0.05, 0.3])
    >>> both = water_rises(values, levels, torch.tensor([3.0, 1.0]), torch.tensor([0.15, 0.7]))
    >>> "2 of 3 axes dry" in both.svg(), both.svg().count("<animate ") > 2
    (True, True)
    """
    if not len(levels) == len(rates) == len(distortions):
        raise ValueError(
            f"there are {len(levels)} levels, {len(rates)} rates and {len(distortions)} distortions; expected as many of each"
        )
    count = len(eigenvalues)
    heights, water = eigenvalues.log10().tolist(), levels.log10().tolist()
    floor, top = min(*heights, *water) - 0.15, max(heights) + 0.3
    left = Movie((0.0, count + 1.0), (floor, top), "The water rises", "principal axis")
    left.ylabel = "log_{10} of the eigenvalue"
    most, high = 1.08 * float(distortions.max()), 1.12 * float(rates.max())
    right = Movie((0.0, most), (0.0, high), "Less is sent, more is lost")
    right.xlabel, right.ylabel = "distortion", "rate (nats)"
    for movie in (left, right):
        movie.width, movie.seconds, movie.still = 430, 14.0, len(water) // 3
    for place, height in enumerate(heights, 1):
        bar = [(place - 0.38, floor), (place - 0.38, height), (place + 0.38, height), (place + 0.38, floor)]  # fmt: skip
        left.curve([bar], GREEN, fill=True, opacity=0.9)
    pool = [[(0.0, floor), (0.0, at), (count + 1.0, at), (count + 1.0, floor)] for at in water]
    left.curve(pool, SKY, fill=True, opacity=0.55)
    left.curve([frame[1:3] for frame in pool], BLUE, width=1.6)
    dry = [sum(height > at for height in heights) for at in water]
    where = 0.35 * count
    left.labels([(where, top - 0.12, f"{many} of {count} axes dry") for many in dry], BLACK)
    places = list(zip(distortions.tolist(), rates.tolist(), strict=True))
    right.curve([places], GREY, width=2.2)
    right.dots([[place] for place in places], BLUE, 6.0)
    right.labels(
        [(0.45 * most, 0.9 * high, f"level {math.pow(10, at):.3f}") for at in water], QUIET
    )
    return Beside(left, right)
