"""Spaces that samples or codes move in: the simplex, the latent plane."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from course_vi.plots.movies.curves import BROWN, TEN
from course_vi.plots.moving import Movie
from course_vi.plots.style import BLACK, BLUE, GREEN, GREY, ORANGE, QUIET

__all__ = ["codes_spread", "simplex"]


def simplex(frames: Sequence[Tensor], temperatures: Sequence[float]) -> Movie:
    """Unit 07: relaxed samples of three categories on their simplex, while the temperature falls.

    Args:
        frames: the samples of a frame, ``(K, 3)``, whose entries add up to one.
        temperatures: one a frame.

    >>> movie = simplex([torch.full((2, 3), 1 / 3), torch.eye(3)[:2]], [2.0, 0.1])
    >>> movie.svg().count("<circle"), "temperature 2.00" in movie.svg()
    (2, True)
    """
    high = math.sqrt(0.75)
    corners = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.5, high]], dtype=frames[0].dtype)
    movie = Movie(
        (-0.7, 1.7),
        (-0.12, 1.02),
        "Each sample goes to the corner of its largest score",
        "the simplex of three categories, laid flat",
    )
    movie.seconds, movie.still = 12.0, len(frames) // 3
    movie.curve([[(0.0, 0.0), (1.0, 0.0), (0.5, high), (0.0, 0.0)]], GREY, width=1.4)
    winners = frames[-1].argmax(-1)
    for category, colour in enumerate((BLUE, ORANGE, GREEN)):
        ours = [(frame @ corners)[winners == category].tolist() for frame in frames]
        movie.dots([[(x, y) for x, y in each] for each in ours], colour, 4.0)
    movie.label((-0.03, -0.07), "category 1", BLUE, "end")
    movie.label((1.03, -0.07), "category 2", BROWN)
    movie.label((0.5, high + 0.05), "category 3", GREEN, "middle")
    movie.labels([(-0.64, 0.92, f"temperature {tau:.2f}") for tau in temperatures])
    return movie


def codes_spread(
    frames: Sequence[Tensor], labels: Tensor | None, steps: Sequence[int], reach: float = 3.4
) -> Movie:
    """Unit 13: the means of q(z | x) while a VAE learns, with circles at one and two deviations of the prior.

    Args:
        frames: means of the same images, ``(N, 2)``, frame by frame.
        labels: the digits, ``(N)``, for the colours.
        steps: how many steps were taken, frame by frame.

    >>> movie = codes_spread([torch.zeros(2, 2), torch.ones(2, 2)], torch.tensor([3, 8]), [0, 10])
    >>> movie.svg().count("<circle"), "step 10" in movie.svg()
    (2, True)
    """
    span = (-reach, reach)
    movie = Movie(span, span, "Codes find their places", "first latent", "second latent")
    movie.seconds, movie.still, movie.width, movie.height = 12.0, len(frames) // 4, 460, 450
    turn = torch.linspace(0.0, 2 * math.pi, 73, dtype=torch.float64)
    for radius in (1, 2):
        circle = torch.stack([radius * turn.cos(), radius * turn.sin()], -1).tolist()
        movie.curve([[(x, y) for x, y in circle]], BLACK, 1.0, "6 4")
    digits = torch.zeros(len(frames[0])) if labels is None else labels.cpu()
    for digit in digits.unique().tolist():
        mine = (digits == digit).nonzero()[:, 0]
        places = [[(x, y) for x, y in frame.cpu()[mine].tolist()] for frame in frames]
        movie.dots(places, BLUE if labels is None else TEN[int(digit)], 3.2)
    corner = -0.94 * reach
    movie.labels([(corner, 0.9 * reach, f"step {step}") for step in steps])
    movie.label((0.0, -2.95), "prior: one and two deviations", QUIET, "middle")
    return movie
