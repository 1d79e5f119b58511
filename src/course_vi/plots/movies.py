"""The moving pictures of the lectures, one a unit: its idea as a process."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from course_vi.plots.moving import Movie
from course_vi.plots.style import BLACK, BLUE, GREY, RED

__all__ = ["carried_along", "course_in_one_picture", "fans", "samples_flash"]

Gaussian = tuple[float, float]  # mean and standard deviation


def course_in_one_picture(path: Sequence[Gaussian], posterior: Gaussian) -> Movie:
    """Unit 00: the prior N(0, 1), q on its way, the posterior. ``path``: q, frame by frame.

    >>> "<animate " in course_in_one_picture([(0.0, 1.0), (1.0, 0.7)], (1.0, 0.7)).svg()
    True
    """
    movie = Movie((-3.2, 3.6), (0.0, 0.75), "The course in one picture", "z", "density", still=len(path) // 6)  # fmt: skip
    z = torch.linspace(-3.2, 3.6, 80, dtype=torch.float64)
    movie.curve([_density(z, posterior)], GREY, width=7, opacity=0.5)
    movie.curve([_density(z, (0.0, 1.0))], BLACK, width=1.6, dash="6 4")
    movie.curve([_density(z, each) for each in path], BLUE, width=2.6)
    movie.label((-1.15, 0.27), "prior p(z)", BLACK, "end")
    movie.label((posterior[0] + 0.62, 0.5), "posterior p(z | x)", "#555555")
    movie.label((-3.0, 0.69), "q, on its way from one to the other", BLUE)
    return movie


def samples_flash(
    path: Sequence[Gaussian],
    draws: Sequence[tuple[Tensor, Tensor]],
    posterior: Gaussian,
    scale: float,
) -> Movie:
    """Unit 05: samples appear, each with its score weight as a bar, and q moves as the weights say.

    Args:
        path: q, frame by frame.
        draws: the samples of a frame and their weights (reward less baseline, times score), ``(K,)`` each.
        scale: how high a weight of one is drawn.

    >>> draws = [(torch.zeros(2), torch.ones(2))] * 2
    >>> movie = samples_flash([(0.0, 1.0), (0.5, 0.9)], draws, (1.0, 0.7), 0.1)
    >>> movie.svg().count("<line")
    4
    """
    movie = Movie(
        (-4.0, 3.6), (-0.42, 0.75), "Samples vote with their score weights", "z", "density"
    )
    movie.seconds, movie.still = 14.0, len(path) // 3
    z = torch.linspace(-4.0, 3.6, 90, dtype=torch.float64)
    movie.curve([_density(z, posterior)], GREY, width=7, opacity=0.5)
    movie.curve([_density(z, each) for each in path], BLUE, width=2.6)
    floor, most = -0.2, 0.2
    movie.curve([[(-4.0, floor), (3.6, floor)]], GREY, width=1.0)
    for frame, (samples, weights) in enumerate(draws):
        for place, weight in zip(samples.tolist(), (scale * weights).tolist(), strict=True):
            tip = floor + max(-most, min(most, weight))
            bars = [(place, floor, place, tip if k == frame else floor) for k in range(len(path))]
            movie.lines([[bar] for bar in bars], RED, 5.0, 0.75)
    movie.label((3.5, -0.07), "up: more to the right", RED, "end")
    movie.label((3.5, -0.36), "down: more to the left", RED, "end")
    movie.label((-3.9, 0.68), "q, moved by the mean of the weights", BLUE)
    movie.label((posterior[0] + 0.62, 0.5), "posterior", "#555555")
    return movie


def carried_along(path: Sequence[Gaussian], noise: Tensor, posterior: Gaussian) -> Movie:
    """Unit 06: samples z = m + s eps, carried along as m and s change while ``noise`` stays as it fell. ``noise: (K)``.

    >>> movie = carried_along([(-1.5, 1.0), (1.0, 0.7)], torch.tensor([-1.0, 0.0, 1.0]), (1.0, 0.7))
    >>> movie.svg().count("<circle")
    3
    """
    movie = Movie((-4.0, 3.6), (-0.16, 0.75), "Samples are carried along", "z", "density", still=len(path) // 6)  # fmt: skip
    z = torch.linspace(-4.0, 3.6, 90, dtype=torch.float64)
    movie.curve([_density(z, posterior)], GREY, width=7, opacity=0.5)
    movie.curve([_density(z, each) for each in path], BLUE, width=2.6)
    eps = noise.tolist()
    movie.lines([[(m + s * e, -0.06, m + s * e, _height(m + s * e, m, s)) for e in eps] for m, s in path], BLUE, 1.0, 0.35)  # fmt: skip
    movie.dots([[(m + s * e, -0.06) for e in eps] for m, s in path], BLUE, 4.5)
    movie.label((-3.8, 0.68), "z = m + s ε: m and s move, each ε stays as it fell", BLUE)
    movie.label((posterior[0] + 0.62, 0.5), "posterior", "#555555")
    return movie


def fans(
    points: Sequence[tuple[float, float]],
    total: Sequence[Tensor],
    stuck: Sequence[Tensor],
    scale: float = 0.09,
) -> Movie:
    """Unit 09: single-sample gradients as two fans that travel to the posterior, where one closes.

    Args:
        points: ``(m, log s)``, frame by frame.
        total, stuck: gradients in these coordinates, ``(R, 2)`` a frame, drawn ``scale`` times as long.

    >>> movie = fans([(0.0, 0.0), (1.0, -0.3)], [torch.ones(2, 2)] * 2, [torch.zeros(2, 2)] * 2)
    >>> movie.svg().count("<line")
    4
    """
    movie = Movie((-1.1, 1.7), (-0.95, 0.75), "One fan closes at the landing", "m", "log s", still=0)  # fmt: skip
    movie.curve([points], GREY, width=1.4, dash="2 4")
    for gradients, colour in ((total, RED), (stuck, BLUE)):
        frames = []
        for (m, log_s), each in zip(points, gradients, strict=True):
            ends = (torch.tensor([m, log_s]) + scale * each).tolist()
            frames.append([(m, log_s, u, v) for u, v in ends])
        movie.lines(frames, colour, 1.6, 0.7)
    movie.dots([[point] for point in points], BLACK, 4.0)
    movie.label((-1.0, 0.64), "total derivative", RED)
    movie.label((-1.0, 0.5), "sticking the landing", BLUE)
    movie.label((points[-1][0] + 0.04, points[-1][1] - 0.42), "the posterior", "#555555")
    return movie


def _height(z: float, mean: float, scale: float) -> float:
    return math.exp(-0.5 * ((z - mean) / scale) ** 2) / (scale * math.sqrt(2 * math.pi))


def _density(z: Tensor, which: Gaussian) -> list[tuple[float, float]]:
    return [(at, _height(at, *which)) for at in z.tolist()]
