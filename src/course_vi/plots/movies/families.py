"""Families that close on a posterior."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from course_vi.plots.beside import Several
from course_vi.plots.moving import Movie
from course_vi.plots.style import BLUE, GREY, new_figure

__all__ = ["families_close"]

DROPS = (
    0.5,
    2.0,
    4.5,
)  # below the top of the log density: one, two and three deviations of a Gaussian


def families_close(
    sides: tuple[Tensor, Tensor],
    log_density: Tensor,
    films: Mapping[str, Sequence[tuple[Tensor, Tensor, float]]],
) -> Several:
    """Unit 08: families on their way to one posterior in the plane, a panel each, with the gap as a clock.

    Args:
        sides: a grid's two axes, ``(n,)`` and ``(m,)``.
        log_density: of the posterior up to a constant, ``(n, m)``.
        films: by family, frame by frame: outlines of q at one and at two deviations, ``(points, 2)`` each, and the gap in nats.

    >>> import torch
    >>> line, ring = torch.linspace(-2, 2, 21), torch.eye(2)
    >>> hill = -0.5 * (line[:, None] ** 2 + line**2)
    >>> movie = families_close((line, line), hill, {"diagonal": [(ring, 2 * ring, 0.7), (ring, 2 * ring, 0.125)]})
    >>> "gap 0.700" in movie.svg(), "<animate " in movie.svg()
    (True, True)
    """
    (left, right), (low, high) = ((float(side[0]), float(side[-1])) for side in sides)
    levels = [float(log_density.max()) - drop for drop in reversed(DROPS)]
    contours = new_figure()[1][0].contour(sides[0], sides[1], log_density.T, levels=levels)
    movies = []
    for name, film in films.items():
        movie = Movie((left, right), (low, high), name, width=270, height=250, still=len(film) - 1)
        movie.seconds = 12.0
        for lines in contours.allsegs:
            for line in lines:
                movie.curve([[(float(a), float(b)) for a, b in line[::4]]], GREY, 1.2, opacity=0.8)
        for which, width in ((0, 2.2), (1, 1.3)):
            movie.curve(
                [[(a, b) for a, b in torch.as_tensor(frame[which]).tolist()] for frame in film],
                BLUE,
                width,
            )
        place = left + 0.05 * (right - left), high - 0.1 * (high - low)
        movie.labels([(*place, f"gap {frame[2]:.3f}") for frame in film], BLUE)
        movies.append(movie)
    return Several(movies, columns=3)
