"""Two phases by turns: what is dreamt, and what is made of it."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from course_vi.plots.beside import Beside
from course_vi.plots.movies.curves import BROWN
from course_vi.plots.moving import Movie
from course_vi.plots.style import BLUE, GREY, ORANGE, QUIET

__all__ = ["dream_and_wake"]


def dream_and_wake(
    x: Tensor,
    data: Tensor,
    dreams: Sequence[Tensor],
    exact: Sequence[Tensor],
    told: Sequence[Tensor],
    phases: Sequence[str],
) -> Beside:
    """Unit 12: a wake phase moves the dreams, and the posterior with them; a sleep phase moves the recognition network after it.

    Args:
        x, data: places and the density that the data come from, ``(n,)``.
        dreams: the model's density of x, frame by frame.
        exact, told: the probability of a cause as the model has it, and as the recognition network says it, frame by frame.
        phases: which phase it is, in words, frame by frame.

    Raises:
        ValueError: sequences of different lengths.

    >>> import torch
    >>> x, low, high = torch.arange(3.0), torch.zeros(3), torch.ones(3)
    >>> both = dream_and_wake(x, low, [low, high], [low, high], [low, low], ["awake", "asleep"])
    >>> "asleep" in both.svg(), both.svg().count("<animate ") > 2
    (True, True)
    """
    if len({len(dreams), len(exact), len(told), len(phases)}) != 1:
        raise ValueError(
            f"there are {len(dreams)} dreams, {len(exact)} exact and {len(told)} told curves, {len(phases)} phases; "
            "expected as many of each"
        )
    span, top = (float(x[0]), float(x[-1])), 1.3 * max(float(each.max()) for each in dreams) + 1e-9
    left = Movie(span, (0.0, top), "Dreams move towards the data", "x", "density")
    right = Movie(span, (-0.03, 1.28), "Sleep follows the posterior", "x", "P(first coin on)")
    for movie in (left, right):
        movie.width, movie.seconds, movie.still = 430, 16.0, min(2, len(phases) - 1)
    left.curve([_curve(x, data)], GREY, width=6, opacity=0.5)
    left.curve([_curve(x, each) for each in dreams], ORANGE, width=2.4)
    right.curve([_curve(x, each) for each in exact], GREY, width=6, opacity=0.5)
    right.curve([_curve(x, each) for each in told], BLUE, width=2.4)
    start = span[0] + 0.03 * (span[1] - span[0])
    left.labels([(start, 0.93 * top, phase) for phase in phases])
    left.label((span[1], 0.86 * top), "dreams", BROWN, "end")
    left.label((span[1], 0.79 * top), "data", QUIET, "end")
    right.label((start, 1.2), "what the network says", BLUE)
    right.label((start, 1.11), "the posterior of the model as it is now", QUIET)
    return Beside(left, right)


def _curve(x: Tensor, y: Tensor) -> list[tuple[float, float]]:
    return list(zip(x[::3].tolist(), y[::3].tolist(), strict=True))
