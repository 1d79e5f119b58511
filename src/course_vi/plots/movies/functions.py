"""Points of a function arrive, and what is believed about it closes around them."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from course_vi.plots.moving import Movie
from course_vi.plots.style import BLACK, BLUE, GREY, QUIET

__all__ = ["bands_close"]

Band = tuple[Tensor, Tensor]  # mean and standard deviation


def bands_close(
    grid: Tensor, points: Tensor, exact: Sequence[Band], edge: float, told: Sequence[Band] = ()
) -> Movie:
    """Unit 16: bands of two standard deviations, of the exact process (an area) and, if given, of a network (lines), as points arrive.

    Args:
        grid: ``(n,)``.
        points: ``(m, 2)``, in the order in which they arrive.
        exact: mean and standard deviation ``(n,)`` after 0, 1, ... m points.
        edge: where inputs of training end, on both sides.
        told: as ``exact``, or nothing.

    Raises:
        ValueError: not one band more than there are points.

    >>> import torch
    >>> flat = (torch.zeros(3), torch.ones(3))
    >>> movie = bands_close(torch.arange(3.0), torch.zeros(1, 2), [flat, flat], 1.0)
    >>> "1 point<" in movie.svg(moving=False)
    True
    """
    if len(exact) != len(points) + 1 or (told and len(told) != len(exact)):
        raise ValueError(
            f"there are {len(exact)} exact bands, {len(told)} told and {len(points)} points; expected one band more than points"
        )
    low, high = float(grid[0]), float(grid[-1])
    movie = Movie((low, high), (-3.5, 3.5), "Points arrive, and the bands close", "input u", "output y", 2.0 * len(exact))  # fmt: skip
    movie.curve([_outline(grid, *band) for band in exact], GREY, opacity=0.35, fill=True)
    lines = [(BLUE, "5 3", told)] if told else []
    for colour, dash, bands in [(GREY, "", exact), *lines]:
        for sign in (0,) if bands is exact else (-2, 0, 2):
            curves = [_line(grid, mean + sign * scale) for mean, scale in bands]
            movie.curve(curves, colour, 1.6, dash="" if sign == 0 else dash)
    for side in (-edge, edge):
        movie.curve([[(side, -3.5), (side, 3.5)]], QUIET, 1.0, dash="2 3")
    seen = [(float(u), float(y)) for u, y in points]
    # A point that has not arrived waits above the picture, where it is cut off.
    movie.dots(
        [[at if k < count else (at[0], 9.0) for k, at in enumerate(seen)] for count in range(len(seen) + 1)],
        BLACK, 4.5,
    )  # fmt: skip
    movie.labels(
        [(low + 0.1, 3.0, f"{count} point" + "s" * (count != 1)) for count in range(len(exact))]
    )
    movie.label((low + 0.1, -3.3), "area: the exact process", QUIET)
    if told:
        movie.label((low + 0.1, -2.9), "lines: the network", BLUE)
    return movie


def _line(grid: Tensor, values: Tensor) -> list[tuple[float, float]]:
    return [(float(u), float(y)) for u, y in zip(grid, values, strict=True)]


def _outline(grid: Tensor, mean: Tensor, scale: Tensor) -> list[tuple[float, float]]:
    return _line(grid, mean + 2 * scale) + _line(grid.flip(0), (mean - 2 * scale).flip(0))
