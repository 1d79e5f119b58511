"""Figures to aim for in problem set 02: the exact answer first, what a learner computed on top of it; and the data they need."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from course_vi.data import digits
from course_vi.models import BernoulliMixture
from course_vi.plots.style import BLACK, BLUE, GREEN, GREY, ORANGE, RED, new_figure, style

__all__ = [
    "bandwidth",
    "batters",
    "digit_mixture",
    "evidence_of_tau",
    "halves",
    "measured_square",
    "scales",
    "seven_points",
]

MISSES = (0.0, 0.5, 1.0, 2.0)
COLOURS = (GREY, BLUE, GREEN, ORANGE)
KNOWN = math.log(0.45)  # noise of the seven points


def scales(found: Callable[[Tensor, Tensor], Any] | None = None) -> Figure:
    """The relative variance of a weight on the toy over the scale of q, by quadrature; with a learner's best scales as dots."""
    figure, (axis,) = new_figure(width=5.8, height=3.8)
    x = torch.ones(len(MISSES), dtype=torch.float64)
    m = x / 2 + torch.tensor(MISSES, dtype=torch.float64)
    grid = np.geomspace(0.515, 6.0, 160)
    with style():
        for miss, colour in zip(MISSES, COLOURS, strict=True):
            curve = np.array([_relative_variance(s, miss) for s in grid])
            axis.loglog(grid, np.maximum(curve, 1e-9), color=colour)
            place = int(np.argmax(curve < (1.0 if miss == 0 else 30.0)))
            axis.annotate(
                f"off by {miss:g}" if miss == MISSES[-1] else f"{miss:g}",
                (grid[place], curve[place]),
                (5, 3),
                textcoords="offset points",
                color=colour,
            )
        if found is not None:
            table = torch.as_tensor(np.asarray(found(x, m)))
            for (s, rho), colour in zip(table.T.tolist(), COLOURS, strict=True):
                axis.plot(s, max(rho, 1.2e-3), "o", color=colour, markeredgecolor=BLACK)
        axis.set(
            title="The farther off the mean, the wider the best proposal",
            xlabel="scale s of the proposal",
            ylabel="relative variance of a weight",
            ylim=(1e-3, 100),
            xlim=(0.5, 6.0),
            xticks=(0.5, 1, 2, 5),
            xticklabels=("0.5", "1", "2", "5"),
        )
        axis.minorticks_off()
    return figure


def _relative_variance(s: float, miss: float) -> float:
    """By the trapezoid rule on posterior^2 / q - 1, both centred at the posterior mean."""
    z = np.linspace(-60.0, 60.0, 40_001)
    log_f = -2 * z**2 - math.log(math.pi) + (z - miss) ** 2 / (2 * s**2) + math.log(s)
    return float(np.trapezoid(np.exp(log_f + 0.5 * math.log(2 * math.pi)), z)) - 1


def batters() -> tuple[Tensor, Tensor, float]:
    """Averages of eighteen batters over their first 45 times at bat in 1970, over the rest of the season, and the noise of the first.

    Source: B. Efron and C. Morris, "Data analysis using Stein's estimator and its generalizations", 1975, table 1.
    """
    hits = [18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7]
    rest = [
        346,
        298,
        276,
        222,
        273,
        270,
        263,
        210,
        269,
        230,
        264,
        256,
        303,
        264,
        226,
        285,
        316,
        200,
    ]
    early = torch.tensor(hits, dtype=torch.float64) / 45
    mean = float(early.mean())
    return early, torch.tensor(rest, dtype=torch.float64) / 1000, math.sqrt(mean * (1 - mean) / 45)


def evidence_of_tau(y: Tensor, sigma: float, found: tuple[Any, Any] | None = None) -> Figure:
    """The log evidence over tau with mu at the mean of y, each effect integrated out by quadrature; a learner's best as a dot."""
    figure, (axis,) = new_figure(width=5.6, height=3.6)
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    data, mean = y.numpy(), float(y.mean())
    grid = np.linspace(0.0, 1.2 * sigma, 120)
    curve = []
    for tau in grid:
        apart = (data[:, None] - mean - tau * nodes) / sigma
        density = np.exp(-0.5 * apart**2) / (sigma * math.sqrt(2 * math.pi))
        curve.append(np.log(density @ weights / weights.sum()).sum())
    with style():
        axis.plot(grid, curve, color=BLUE)
        if found is not None:
            axis.plot(float(found[0]), float(found[1]), "o", color=RED, markeredgecolor=BLACK)
        axis.set(
            title="The evidence hardly tells small values of tau apart",
            xlabel="tau, spread of the effects",
            ylabel="log evidence, nats",
        )
    return figure


def digit_mixture() -> tuple[Tensor, Tensor, Tensor]:
    """log weights ``(10)`` and pixel probabilities ``(10, 64)``, one component for each kind of digit; and the pixels of the upper half."""
    images = digits(dtype=torch.float64)
    counts = torch.bincount(images.train_labels, minlength=10).double()
    on = torch.stack([images.train[images.train_labels == kind].sum(0) for kind in range(10)])
    return (counts / counts.sum()).log(), (on + 1) / (counts[:, None] + 2), torch.arange(64) < 32


def _mixture() -> tuple[BernoulliMixture, Tensor]:
    log_weights, probabilities, upper = digit_mixture()
    return BernoulliMixture(log_weights.exp(), probabilities), upper


def measured_square(x: Tensor, seed: int, draws: int = 100_000) -> tuple[float, float]:
    """E w^2 / p(x_seen)^2 of lower halves proposed pixel by pixel: the mean of so many draws, and its printed error."""
    model, upper = _mixture()
    with torch.no_grad():
        q = model.complete(x, upper)[~upper]
        generator = torch.Generator().manual_seed(seed)
        lower = (torch.rand(draws, len(q), generator=generator, dtype=q.dtype) < q).to(q)
        whole = torch.cat([x[upper].expand(draws, -1), lower], -1)
        log_q = torch.where(lower > 0.5, q.log(), (-q).log1p()).sum(-1)
        square = (2 * (model.log_evidence(whole) - log_q - model.log_evidence(x, upper))).exp()
    return square.mean().item(), square.std().item() / draws**0.5


def halves(pictures: Tensor, table: Tensor | None = None) -> Figure:
    """What is seen of some digits, and their lower halves on average; above them the bits that a learner found.

    Args:
        pictures: ``(N, 64)``.
        table: ``(N, 3)``.
    """
    model, upper = _mixture()
    with torch.no_grad():
        full = model.complete(pictures, upper)
    figure, axes = new_figure(columns=len(pictures), rows=2, width=1.35, height=1.45)
    with style():
        for i, picture in enumerate(pictures):
            seen = torch.where(upper, picture, torch.full_like(picture, 0.5))
            for row, image in enumerate((seen, full[i])):
                axis = axes[row * len(pictures) + i]
                axis.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
                axis.set_axis_off()
            if table is not None:
                bits = (
                    f"uniform {float(table[i, 1]):.1f} bits\nproduct {float(table[i, 2]):.1f} bits"
                )
                axes[i].set_title(bits, fontsize=8)
        figure.suptitle("What is seen, and the missing pixels on average", fontsize=11)
    return figure


def seven_points() -> tuple[Tensor, Tensor]:
    """Inputs and values that a wiggly curve explains with little noise, and a smooth one with much."""
    u = torch.tensor([-3.0, -2.1, -1.2, -0.1, 0.8, 1.9, 2.8], dtype=torch.float64)
    y = torch.tensor([-1.4, -0.3, -1.1, 0.4, -0.2, 1.3, 0.5], dtype=torch.float64)
    return u, y


def bandwidth(found: tuple[Sequence[float], Tensor] | None = None) -> Figure:
    """Seven points, and their log evidence over the lengthscale; with a learner's two parts as curves.

    Args:
        found: lengthscales, and the parts at each, ``(L, 2)``.
    """
    figure, (left, right) = new_figure(columns=2, width=4.4, height=3.4)
    u, y = seven_points()
    lengths = np.geomspace(0.1, 10.0, 120)
    apart = (u[:, None] - u).numpy()
    curve = []
    for length in lengths:
        a = np.exp(-0.5 * (apart / length) ** 2) + math.exp(2 * KNOWN) * np.eye(len(u))
        normal = torch.distributions.MultivariateNormal(torch.zeros_like(u), torch.from_numpy(a))
        curve.append(float(normal.log_prob(y)))
    with style():
        left.plot(u, y, "o", color=BLACK)
        left.set(title="Seven points", xlabel="input u", ylabel="value y")
        right.semilogx(lengths, curve, color=BLUE)
        right.annotate(
            "log evidence", (0.1, curve[0]), (4, 5), textcoords="offset points", color=BLUE
        )
        if found is not None:
            parts = np.asarray(found[1])
            for column, name, colour, side in (
                (0, "fit", RED, "left"),
                (1, "complexity", GREEN, "right"),
            ):
                right.semilogx(found[0], parts[:, column], color=colour)
                right.annotate(
                    name,
                    (found[0][45], parts[45, column]),
                    (6 if side == "left" else -6, 5),
                    textcoords="offset points",
                    color=colour,
                    ha=side,
                )
        right.set(title="Two hills", xlabel="lengthscale", ylabel="nats")
    return figure
