"""A family tree of particles."""

from __future__ import annotations

from torch import Tensor

from course_vi.plots.moving import Movie
from course_vi.plots.style import BLUE, EXACT, GREY

__all__ = ["family_tree"]


def family_tree(paths: Tensor, exact: Tensor) -> Movie:
    """Unit 17: the pasts of all particles alive, step by step, over every move that was ever made.

    Args:
        paths: ``(T, N, T)``: at step t the path of each particle, of which the first t + 1 entries count.
        exact: mean of each state given all data, ``(T,)``.

    >>> import torch
    >>> movie = family_tree(torch.arange(18.0).view(3, 2, 3), torch.zeros(3))
    >>> "<animate " in movie.svg(), "<animate " in movie.svg(moving=False)
    (True, False)
    """
    steps, count = paths.shape[:2]
    own = [paths[t, :, t].tolist() for t in range(steps)]
    every = [value for row in own for value in row] + exact.tolist()
    low, high = min(every), max(every)
    pad = 0.08 * (high - low)
    movie = Movie(
        (0.5, steps + 0.5), (low - pad, high + pad), "What the living remember", "step t", "z_t"
    )
    movie.seconds = 14.0
    frames: list[list[tuple[float, float, float, float]]] = []
    for now in range(steps):
        lines: list[tuple[float, float, float, float]] = []
        for t in range(1, steps):
            for i in range(count):
                before, here = float(paths[t, i, t - 1]), own[t][i]
                born = t <= now  # what is yet to come is a line without length
                lines.append((t, before, t + 1, here) if born else (t, before, t, before))
        frames.append(lines)
    movie.lines(frames, GREY, 0.8, 0.45)
    movie.curve([list(enumerate(exact.tolist(), 1))], EXACT, 1.4, "5 4")
    for i in range(count):
        movie.curve([_held(paths[t, i, : t + 1].tolist(), steps) for t in range(steps)], BLUE, 1.5, opacity=0.75)  # fmt: skip
    return movie


def _held(path: list[float], steps: int) -> list[tuple[float, float]]:
    """A path as points, its last one repeated for the steps to come."""
    return [(min(t, len(path) - 1) + 1.0, path[min(t, len(path) - 1)]) for t in range(steps)]
