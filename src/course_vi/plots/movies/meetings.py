"""Two chains that meet."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from course_vi.plots.movies.curves import BROWN
from course_vi.plots.moving import Movie
from course_vi.plots.style import BLUE, GREY, ORANGE, QUIET

__all__ = ["chains_meet"]


def chains_meet(ahead: Tensor, behind: Tensor, density: Callable[[Tensor], Tensor]) -> Movie:
    """Unit 18: two chains of one number each, one a step ahead; when they stand in the same place they stay together.

    Args:
        ahead: X_0, ..., X_T, ``(T + 1)``.
        behind: Y_0, ..., Y_{T-1}, ``(T)``; Y_{t-1} is drawn beside X_t.
        density: of the target, elementwise and up to a constant; it stands along the left side.

    >>> ahead, behind = torch.tensor([0.0, 1.0, 2.0, 1.5]), torch.tensor([-1.0, 2.0, 1.5])
    >>> movie = chains_meet(ahead, behind, lambda z: (-0.5 * z**2).exp())
    >>> "met at step 2" in movie.svg(), "<animate " in movie.svg(moving=False)
    (True, False)
    """
    last = len(behind)
    every = torch.cat([ahead, behind])
    low, high = float(every.min()) - 0.6, float(every.max()) + 0.6
    width = 0.16 * last
    movie = Movie((-width, last + 0.5), (low, high), "Two chains, one a step ahead", "step t", "z")
    movie.seconds = 14.0
    z = torch.linspace(low, high, 161, dtype=torch.float64)
    height = density(z)
    side = (-width + 0.9 * width * height / height.max()).tolist()
    outline = [(-width, low), *zip(side, z.tolist(), strict=True), (-width, high)]
    movie.curve([outline], GREY, opacity=0.35, fill=True)
    met = [bool(x == y) for x, y in zip(ahead[1:], behind, strict=True)]
    meeting = met.index(True) + 1 if any(met) else None
    one = [(float(t), float(x)) for t, x in enumerate(ahead)]
    other = [(float(t + 1), float(y)) for t, y in enumerate(behind)]
    count = len(one)
    movie.curve([_so_far(one, now) for now in range(count)], BLUE, 2.2)
    movie.curve([_so_far(other, max(now - 1, 0)) for now in range(count)], ORANGE, 2.2, "6 4")
    movie.dots([[one[now]] for now in range(count)], BLUE, 6.0)
    movie.dots([[other[max(now - 1, 0)]] for now in range(count)], ORANGE, 4.5)
    movie.label((0.12 * last, high - 0.09 * (high - low)), "X_t, ahead", BLUE)
    movie.label((0.12 * last, high - 0.17 * (high - low)), "Y_{t-1}, behind", BROWN)
    place = (0.45 * last, high - 0.09 * (high - low))
    told = ["apart" if meeting is None or now < meeting else f"met at step {meeting}" for now in range(count)]  # fmt: skip
    movie.labels([(*place, words) for words in told], QUIET)
    return movie


def _so_far(points: list[tuple[float, float]], now: int) -> list[tuple[float, float]]:
    """A path as far as it has come; what is to come lies on its head."""
    return [points[min(k, now)] for k in range(len(points))]
