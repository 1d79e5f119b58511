"""The moving pictures of the lectures, one a unit: its idea as a process."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from course_vi.plots.beside import Beside
from course_vi.plots.moving import Movie
from course_vi.plots.style import BLACK, BLUE, GREEN, GREY, ORANGE, RED, new_figure

__all__ = [
    "bound_and_gap",
    "carried_along",
    "codes_spread",
    "course_in_one_picture",
    "data_arrive",
    "fans",
    "one_function",
    "samples_flash",
    "simplex",
    "staircase",
    "weights_cloud",
]

BROWN = "#8A5F00"  # words about what is orange: orange letters on white are hard to read
TEN = (
    "#1f77b4",
    "#ff7f0e",
    "#2ca02c",
    "#d62728",
    "#9467bd",
    "#8c564b",
    "#e377c2",
    "#7f7f7f",
    "#bcbd22",
    "#17becf",
)  # digits
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
    movie.curve(veil, "#ffffff", opacity=0.7, fill=True)
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
    left.curve([_density(z, posterior)], GREY, width=7, opacity=0.5)
    left.curve([_density(z, each) for each in path], BLUE, width=2.6)
    left.label((-3.4, 0.68), "q", BLUE)
    left.label((-3.4, 0.61), "posterior p(z | x)", "#555555")
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
    right.label((0.97 * steps, 0.55 * log_evidence), "log p(x): no q changes it", "#555555", "end")
    right.label((0.02 * steps, 1.5 * log_evidence), "KL", BLACK)
    right.label((0.22 * steps, 1.55 * log_evidence), "ELBO", BLUE)
    return Beside(left, right)


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
    movie.label((0.94 * high, 0.27 * high), "exact, x/2", "#555555", "end")
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
    movie.label((0.0, -2.95), "prior: one and two deviations", "#555555", "middle")
    return movie


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
    movie.label((4.1, 0.22), "the exact answer", "#555555", "end")
    return movie


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
