"""Climbs: by turns, by one function, by samples that vote or are carried along, and where they land."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from course_vi.plots.movies.curves import BROWN, Gaussian, density, height
from course_vi.plots.moving import Movie
from course_vi.plots.style import BLACK, BLUE, GREY, ORANGE, QUIET, RED, new_figure

__all__ = ["carried_along", "fans", "one_function", "samples_flash", "staircase"]


def staircase(corners: Tensor, f: Callable[[Tensor, Tensor], Tensor]) -> Movie:
    """Unit 04: EM as a staircase on the contours of F, a corner a frame; it starts with an E-step, sideways.

    Args:
        corners: (number in q, theta), ``(n, 2)``, the start first.
        f: the free energy of both, elementwise.

    >>> corners = torch.tensor([[-2.0, -2.0], [0.0, -2.0], [0.0, 0.0]])
    >>> movie = staircase(corners, lambda m, theta: -((m - theta) ** 2) - (2 - m) ** 2)
    >>> movie.svg().count("<circle"), "F = -8.00" in movie.svg()
    (1, True)
    """
    left, right, low, high = -3.0, 3.4, -2.7, 2.9
    movie = Movie(
        (left, right), (low, high), "Sideways: E-step. Up: M-step", "m, the mean of q", "θ"
    )
    movie.seconds, movie.still = 14.0, len(corners) // 2
    m, theta = (torch.linspace(a, b, 161, dtype=torch.float64) for a, b in ((left, right), (low, high)))  # fmt: skip
    heights = f(m[None, :], theta[:, None])
    highest, lowest = float(heights.max()), float(heights.min())
    levels = [highest - (highest - lowest) * (k / 10) ** 2 for k in range(8, 0, -1)]
    for lines in new_figure()[1][0].contour(m, theta, heights, levels=levels).allsegs:
        for line in lines:
            movie.curve([[(float(a), float(b)) for a, b in line[::4]]], GREY, 1.0, opacity=0.6)
    at = [(float(a), float(b)) for a, b in corners.tolist()]
    movie.curve([at[1::2]], BLUE, 1.4, "5 4")
    movie.curve([at[2::2]], ORANGE, 1.4, "5 4")
    movie.curve([[at[min(k, now)] for k in range(len(at))] for now in range(len(at))], BLACK, 2.4)
    movie.dots([[point] for point in at], RED, 6.0)
    told = [f"after {('M', 'E')[k % 2]}-step {(k + 1) // 2}" if k else "start" for k in range(len(at))]  # fmt: skip
    values = f(*corners.T).tolist()
    movie.labels([(-2.85, 2.5, f"{words}: F = {value:.2f}") for words, value in zip(told, values, strict=True)])  # fmt: skip
    movie.label((-0.1, -2.3), "best m for each θ", BLUE)
    movie.label((-1.5, -0.35), "best θ for each m", BROWN, "end")
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
    movie.curve([density(z, posterior)], GREY, width=7, opacity=0.5)
    movie.curve([density(z, each) for each in path], BLUE, width=2.6)
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
    movie.label((posterior[0] + 0.62, 0.5), "posterior", QUIET)
    return movie


def carried_along(path: Sequence[Gaussian], noise: Tensor, posterior: Gaussian) -> Movie:
    """Unit 06: samples z = m + s eps, carried along as m and s change while ``noise`` stays as it fell. ``noise: (K)``.

    >>> movie = carried_along([(-1.5, 1.0), (1.0, 0.7)], torch.tensor([-1.0, 0.0, 1.0]), (1.0, 0.7))
    >>> movie.svg().count("<circle")
    3
    """
    movie = Movie((-4.0, 3.6), (-0.16, 0.75), "Samples are carried along", "z", "density", still=len(path) // 6)  # fmt: skip
    z = torch.linspace(-4.0, 3.6, 90, dtype=torch.float64)
    movie.curve([density(z, posterior)], GREY, width=7, opacity=0.5)
    movie.curve([density(z, each) for each in path], BLUE, width=2.6)
    eps = noise.tolist()
    movie.lines([[(m + s * e, -0.06, m + s * e, height(m + s * e, m, s)) for e in eps] for m, s in path], BLUE, 1.0, 0.35)  # fmt: skip
    movie.dots([[(m + s * e, -0.06) for e in eps] for m, s in path], BLUE, 4.5)
    movie.label((-3.8, 0.68), "z = m + s ε: m and s move, each ε stays as it fell", BLUE)
    movie.label((posterior[0] + 0.62, 0.5), "posterior", QUIET)
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
    movie.label((points[-1][0] + 0.04, points[-1][1] - 0.42), "the posterior", QUIET)
    return movie


def one_function(
    x: Tensor,
    rows: Sequence[Tensor],
    lines: Sequence[Tensor],
    line_x: Tensor,
) -> Movie:
    """Unit 11: means of q on the toy; a row for each datum climbs when its turn comes, a network turns for all of them at once.

    Args:
        x: the data, ``(N,)``.
        rows: the means in the rows, ``(N,)``, frame by frame.
        lines: the network's means at ``line_x``, ``(M,)`` both, frame by frame.

    >>> movie = one_function(torch.tensor([-1.0, 1.0]), [torch.zeros(2)] * 2, [torch.zeros(3)] * 2, torch.linspace(-2, 2, 3))
    >>> movie.svg().count("<circle")
    2
    """
    low, high = float(line_x[0]), float(line_x[-1])
    movie = Movie(
        (low, high),
        (0.6 * low, 0.6 * high),
        "The same number of steps, each on one datum",
        "x",
        "mean of q",
        seconds=12,
        still=min(2, len(rows) - 1),
    )
    movie.curve([[(low, low / 2), (high, high / 2)]], GREY, width=7, opacity=0.5)
    places = x.tolist()
    movie.curve([list(zip(line_x.tolist(), each.tolist(), strict=True)) for each in lines], BLUE, 2.6)  # fmt: skip
    movie.lines([[(at, 0.0, at, m) for at, m in zip(places, each.tolist(), strict=True)] for each in rows], RED, 1.0, 0.5)  # fmt: skip
    movie.dots([list(zip(places, each.tolist(), strict=True)) for each in rows], RED, 5.0)
    movie.label((0.94 * low, 0.5 * high), "one network, for all x", BLUE)
    movie.label((0.94 * low, 0.41 * high), "a row for each datum, climbed in turn", RED)
    movie.label((0.94 * high, 0.27 * high), "exact, x/2", QUIET, "end")
    return movie
