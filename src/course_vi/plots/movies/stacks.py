"""A stack of bits that is popped and pushed."""

from __future__ import annotations

from collections.abc import Sequence

from course_vi.plots.moving import Movie
from course_vi.plots.style import BLUE, BROWN, GREEN, GREY, ORANGE, QUIET

__all__ = ["stack_of_bits"]

PARTS = (("pop z from q", GREEN), ("push x", BLUE), ("push z", ORANGE))


def stack_of_bits(start: float, heights: Sequence[Sequence[float]]) -> Movie:
    """Unit 19: the height of the stack while rows are coded, each by a pop and two pushes.

    Args:
        start: bits on the stack before the first row.
        heights: for each row the height after the pop, after x, and after z.

    Raises:
        ValueError: a row with another number of heights.

    >>> movie = stack_of_bits(100, [[60, 85, 125], [80, 110, 150]])
    >>> "<animate " in movie.svg(), "<animate " in movie.svg(moving=False)
    (True, False)
    """
    for row in heights:
        if len(row) != len(PARTS):
            raise ValueError(f"heights has a row of {len(row)}; expected {len(PARTS)} for each")
    levels = [start, *(float(level) for row in heights for level in row)]
    steps, top = len(levels) - 1, max(levels)
    movie = Movie(
        (-2.2, steps + 0.3),
        (0, 1.16 * top),
        "Each row takes bits, and leaves more",
        "pops and pushes",
        "bits on the stack",
    )
    movie.seconds = 1.3 * steps
    movie.curve([_box(-1.9, -0.7, 0, level) for level in levels], GREY, opacity=0.45, fill=True)
    for k in range(steps):
        low, high = sorted(levels[k : k + 2])
        shown = [_box(k, k + 0.9, low, high) if k < now else _box(k, k + 0.9, low, low) for now in range(steps + 1)]  # fmt: skip
        movie.curve(shown, PARTS[k % 3][1], opacity=0.75, fill=True)
    movie.curve([[(-0.6, start), (steps, start)]], QUIET, 1.0, "4 4")
    words = ["random bits, agreed upon"]
    words += [f"row {k // 3 + 1}: {PARTS[k % 3][0]}" for k in range(steps)]
    movie.labels([(-1.9, 1.08 * top, text) for text in words])
    for (text, colour), at in zip(PARTS, (0.35, 0.55, 0.75), strict=True):
        movie.label((at * steps, 0.05 * top), text, BROWN if colour == ORANGE else colour)
    return movie


def _box(left: float, right: float, low: float, high: float) -> list[tuple[float, float]]:
    return [(left, low), (left, high), (right, high), (right, low), (left, low)]
