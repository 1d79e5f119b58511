"""Points of a function arrive, and what is believed about it closes around them."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from course_vi.plots.moving import Movie
from course_vi.plots.style import BLACK, BLUE, GREY, QUIET

__all__ = ["bands_close"]

Band = tuple[Tensor, Tensor]  # mean and standard deviation


def bands_close(
    grid: Tensor, points: Tensor, exact: Sequence[Band], told: Sequence[Band], edge: float
) -> Movie:
    """Unit 16: bands of two standard deviations, of the exact process (an area) and of a network (lines), as points arrive.

    Args:
        grid: ``(n,)``.
        points: ``(m, 2)``, in the order in which they arrive.
        exact, told: mean and standard deviation ``(n,)`` after 0, 1, ... m points.
        edge: inputs beyond it were never in training.

    Raises:
        ValueError: not one band more than there are points.

    >>> import torch
    >>> flat = (torch.zeros(3), torch.ones(3))
    >>> movie = bands_close(torch.arange(3.0), torch.zeros(1, 2), [flat, flat], [flat, flat], 1.0)
    >>> "1 points" in movie.svg(moving=False)
    True
    """
    if not len(exact) == len(told) == len(points) + 1:
        raise ValueError(
            f"there are {len(exact)} exact bands, {len(told)} told and {len(points)} points; expected one band more than points"
        )
    low, high = float(grid[0]), float(grid[-1])
    movie = Movie((low, high), (-3.5, 3.5), "Points arrive, and the bands close", "input u", "output y", 2.0 * len(exact))  # fmt: skip
    movie.curve([_outline(grid, *band) for band in exact], GREY, opacity=0.35, fill=True)
    for sign in (-2, 0, 2):
        movie.curve(
            [_line(grid, mean + sign * scale) for mean, scale in told],
            BLUE,
            2.2 if sign == 0 else 1.3,
            dash="" if sign == 0 else "5 3",
        )
    for side in (-edge, edge):
        movie.curve([[(side, -3.5), (side, 3.5)]], QUIET, 1.0, dash="2 3")
    seen = [(float(u), float(y)) for u, y in points]
    # A point that has not arrived waits above the picture, where it is cut off.
    movie.dots(
        [[at if k < count else (at[0], 9.0) for k, at in enumerate(seen)] for count in range(len(seen) + 1)],
        BLACK, 4.5,
    )  # fmt: skip
    movie.labels([(low + 0.1, 3.0, f"{count} points") for count in range(len(exact))])
    movie.label((edge + 0.05, -3.2), "never in training", QUIET)
    movie.label((low + 0.1, -2.8), "area: the exact process", QUIET)
    movie.label((low + 0.1, -3.25), "lines: the network", BLUE)
    return movie


def _line(grid: Tensor, values: Tensor) -> list[tuple[float, float]]:
    return [(float(u), float(y)) for u, y in zip(grid, values, strict=True)]


def _outline(grid: Tensor, mean: Tensor, scale: Tensor) -> list[tuple[float, float]]:
    return _line(grid, mean + 2 * scale) + _line(grid.flip(0), (mean - 2 * scale).flip(0))
