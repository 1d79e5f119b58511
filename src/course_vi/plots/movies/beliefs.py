"""What is believed, and how well: densities, the evidence, and the weights of a proposal, on their way."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from course_vi.plots.beside import Beside
from course_vi.plots.movies.curves import BROWN, Gaussian, density
from course_vi.plots.moving import Movie
from course_vi.plots.style import BLACK, BLUE, GREY, ORANGE, QUIET, WHITE

__all__ = [
    "bound_and_gap",
    "bound_contracts",
    "course_in_one_picture",
    "data_arrive",
    "weights_cloud",
]


def course_in_one_picture(path: Sequence[Gaussian], posterior: Gaussian) -> Movie:
    """Unit 00: the prior N(0, 1), q on its way, the posterior. ``path``: q, frame by frame.

    >>> "<animate " in course_in_one_picture([(0.0, 1.0), (1.0, 0.7)], (1.0, 0.7)).svg()
    True
    """
    movie = Movie((-3.2, 3.6), (0.0, 0.75), "The course in one picture", "z", "density", still=len(path) // 6)  # fmt: skip
    z = torch.linspace(-3.2, 3.6, 80, dtype=torch.float64)
    movie.curve([density(z, posterior)], GREY, width=7, opacity=0.5)
    movie.curve([density(z, (0.0, 1.0))], BLACK, width=1.6, dash="6 4")
    movie.curve([density(z, each) for each in path], BLUE, width=2.6)
    movie.label((-1.15, 0.27), "prior p(z)", BLACK, "end")
    movie.label((posterior[0] + 0.62, 0.5), "posterior p(z | x)", QUIET)
    movie.label((-3.0, 0.69), "q, on its way from one to the other", BLUE)
    return movie


def data_arrive(
    years: Sequence[int], flow: Tensor, now: Sequence[int], beliefs: Sequence[tuple[Tensor, Tensor]]
) -> Movie:
    """Unit 01: what the Nile's flow says of its level in all years, as the data arrive.

    Args:
        years, flow: the data, ``(T)``.
        now: which of them is the newest, frame by frame; the level is drawn at these years alone.
        beliefs: mean and standard deviation of the level at these years, ``(F)`` both, frame by frame.

    >>> flat = torch.ones(2)
    >>> movie = data_arrive([1871, 1872, 1873], 1000 * torch.ones(3), [0, 2], [(1000 * flat, 100 * flat)] * 2)
    >>> movie.svg().count("<circle")
    3
    """
    (left, right), (low, high) = (years[0] - 1.0, years[-1] + 1.0), (200.0, 2000.0)
    movie = Movie(
        (left, right),
        (low, high),
        "Each new datum revises the past",
        "year",
        "flow of the Nile (10^8 m^3)",
        seconds=14,
        still=len(now) // 4,
    )
    movie.dots([[(float(t), value) for t, value in zip(years, flow.tolist(), strict=True)]], ORANGE, 2.6)  # fmt: skip
    at = [float(years[index]) for index in now]
    veil = [[(t + 0.5, low), (right, low), (right, high), (t + 0.5, high)] for t in at]
    movie.curve(veil, WHITE, opacity=0.7, fill=True)
    bands, means = [], []
    for loc, scale in beliefs:
        upper, lower = ((loc + side * scale).tolist() for side in (2, -2))
        around = [*zip(at, upper, strict=True), *zip(at[::-1], lower[::-1], strict=True)]
        bands.append(around)
        means.append(list(zip(at, loc.tolist(), strict=True)))
    movie.curve(bands, BLUE, opacity=0.2, fill=True)
    movie.curve(means, BLUE, 2.4)
    movie.lines([[(t, low, t, high)] for t in at], BLACK, 1.0, 0.6)
    movie.label((left + 2, 1890.0), "the level, given the data so far: mean, two deviations", BLUE)
    movie.label((left + 2, 270.0), "yearly flow; pale: not yet seen", BROWN)
    return movie


def bound_and_gap(
    path: Sequence[Gaussian], posterior: Gaussian, bounds: Sequence[float], log_evidence: float
) -> Beside:
    """Unit 03: q on its way to the posterior, and beside it the evidence, which is the bound and the gap, at every step.

    Args:
        path, bounds: q and its ELBO, frame by frame.

    >>> both = bound_and_gap([(0.0, 1.0), (1.0, 0.7)], (1.0, 0.7), [-3.4, -2.3], -2.3)
    >>> "KL 1.10" in both.svg(), "<animate " in both.svg()
    (True, True)
    """
    still, steps = len(path) // 6, len(path) - 1
    left = Movie((-3.6, 3.2), (0.0, 0.75), "q climbs the bound", "z", "density", still=still, width=380)  # fmt: skip
    z = torch.linspace(-3.6, 3.2, 52, dtype=torch.float64)
    left.curve([density(z, posterior)], GREY, width=7, opacity=0.5)
    left.curve([density(z, each) for each in path], BLUE, width=2.6)
    left.label((-3.4, 0.68), "q", BLUE)
    left.label((-3.4, 0.61), "posterior p(z | x)", QUIET)
    floor = math.floor(min(bounds))
    right = Movie(
        (0.0, float(steps)),
        (float(floor), 0.0),
        "ELBO + KL = log p(x), at every step",
        "step",
        "nats",
        still=still,
        width=400,
    )
    # Steps that are still to come lie on the present one, at no width.
    past = [[min(k, now) for k in range(steps + 1)] for now in range(steps + 1)]
    traces = [[(float(k), bounds[k]) for k in each] for each in past]
    right.curve(
        [
            [(0.0, 0.0), (0.0, log_evidence), (each[-1][0], log_evidence), (each[-1][0], 0.0)]
            for each in traces
        ],
        GREY,
        opacity=0.35,
        fill=True,
    )
    right.curve([[(0.0, log_evidence), *each, (each[-1][0], log_evidence)] for each in traces], ORANGE, opacity=0.6, fill=True)  # fmt: skip
    right.curve([[(0.0, log_evidence), (float(steps), log_evidence)]], BLACK, 1.6, "6 4")
    right.curve(traces, BLUE, 2.6)
    told = [f"ELBO {bound:.2f} + KL {log_evidence - bound:.2f} = {log_evidence:.2f}" for bound in bounds]  # fmt: skip
    right.labels([(0.4 * steps, 0.86 * floor, words) for words in told])
    right.label((0.97 * steps, 0.55 * log_evidence), "log p(x): no q changes it", QUIET, "end")
    right.label((0.02 * steps, 1.5 * log_evidence), "KL", BLACK)
    right.label((0.22 * steps, 1.55 * log_evidence), "ELBO", BLUE)
    return Beside(left, right)


def weights_cloud(frames: Sequence[tuple[float, Tensor, Tensor]]) -> Movie:
    """Unit 02: weights on the parabola of log w over z, as q, centred at the posterior's mean, becomes narrower than the posterior.

    Args:
        frames: variance of q, the draws z and their log weights less log p(x), ``(K,)`` both, frame by frame. The posterior is N(1, 1/2).

    >>> frames = [(v, torch.tensor([0.0, 1.0, 2.0]), torch.zeros(3)) for v in (1.0, 0.5, 0.2)]
    >>> weights_cloud(frames).svg().count("<circle")
    3
    """
    movie = Movie(
        (-2.2, 4.2),
        (-4.0, 4.0),
        "Narrower than the posterior, the parabola turns over",
        "z",
        "log w(z) - log p(x)",
        seconds=14,
    )
    movie.curve([[(-2.2, 0.0), (4.2, 0.0)]], GREY, width=7, opacity=0.5)
    z = torch.linspace(-2.2, 4.2, 81, dtype=torch.float64)
    curves, told = [], []
    for variance, _, _ in frames:
        bend = 1 / (2 * variance) - 1
        height = 0.5 * math.log(2 * variance) + bend * (z - 1) ** 2
        curves.append(list(zip(z.tolist(), height.clamp(-9, 9).tolist(), strict=True)))
        state = "bounded" if variance > 0.5 else "all equal" if variance == 0.5 else "unbounded"
        if variance < 0.5:
            state += ", finite variance" if variance > 0.25 else ", infinite variance"
        told.append((-0.9, -3.4, f"variance of q: {variance:g}. Weights: {state}"))
    movie.curve(curves, BLUE, 2.0)
    movie.dots([list(zip(draws.tolist(), log_w.clamp(-9, 9).tolist(), strict=True)) for _, draws, log_w in frames], BLUE, 4.0)  # fmt: skip
    movie.labels(told, BLUE)
    movie.label((4.1, 0.22), "the exact answer", QUIET, "end")
    return movie


def bound_contracts(frames: Sequence[tuple[int, Tensor]], means: Sequence[float]) -> Movie:
    """Unit 10: the distribution of the importance-weighted bound, less log p(x), as K grows.

    Args:
        frames: K and simulated values of its bound less log p(x), ``(N,)``, frame by frame.
        means: their exact means, one a frame.

    >>> frames = [(k, torch.linspace(-2.0, 0.5, 50) / k) for k in (1, 4)]
    >>> "K = 4" in bound_contracts(frames, [-1.0, -0.2]).svg()
    True
    """
    low, high, bins = -4.0, 2.0, 75
    movie = Movie(
        (low, high),
        (0.0, 1.12),
        "More samples: narrower, and nearer",
        "bound of K samples, less log p(x) (nats)",
        "density, highest = 1",
        seconds=14.0,
        still=len(frames) // 3,
    )
    edges = torch.linspace(low, high, bins + 1, dtype=torch.float64)
    curves = []
    for _, values in frames:
        inside = values.double().cpu().clamp(low + 1e-9, high - 1e-9)
        count = torch.histogram(inside, edges).hist
        count[0] = count[1]  # what lies further left is not shown
        heights = (count / count.max().clamp_min(1.0)).tolist()
        points = [(low, 0.0)]
        for left, right, height in zip(edges.tolist(), edges.tolist()[1:], heights, strict=False):
            points += [(left, height), (right, height)]
        curves.append([*points, (high, 0.0)])
    movie.curve(curves, BLUE, opacity=0.45, fill=True)
    movie.curve([[(0.0, 0.0), (0.0, 1.12)]], BLACK, 1.6, "6 4")
    movie.lines([[(mean, 0.0, mean, 1.05)] for mean in means], ORANGE, 2.6, 1.0)
    movie.label((0.06, 1.06), "log p(x)", BLACK)
    movie.label((-3.85, 0.88), "its mean, exact", BROWN)
    movie.label((-3.85, 0.8), "the bound, simulated", BLUE)
    movie.labels([(-3.85, 1.0, f"K = {count:,}, gap {-mean:.4f}") for (count, _), mean in zip(frames, means, strict=True)])  # fmt: skip
    return movie
