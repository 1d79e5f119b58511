"""Figures of lecture 05, The score function."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.patches import Circle
from torch import Tensor

from course_vi.plots.lecture_05b import (
    BLANKETS,
    COLOURS,
    CONSTANT,
    climbs,
    moving_edge,
    pictures,
    steps,
)
from course_vi.plots.primitives import blank, node
from course_vi.plots.style import (
    BLACK,
    GREY,
    QUIET,
    SCORE,
    SKY,
    new_figure,
    style,
)

__all__ = [
    "blanket",
    "climbs",
    "growth",
    "moving_edge",
    "parabolas",
    "pictures",
    "steps",
]


GROWTH = {0: "does not grow", 1: "like $D$", 2: "like $D^2$"}


def parabolas(
    panels: Sequence[tuple[str, Tensor, Tensor, float]],
    measured: Sequence[tuple[Tensor, Tensor, Tensor]],
) -> Figure:
    """Variance of the score function over a constant baseline.

    Args:
        panels: (title, baselines ``(n,)``, exact variance ``(n,)``, mean reward).
        measured: for each panel, (baselines, variances, their standard errors), ``(k,)`` each.
    """
    figure, axes = new_figure(columns=len(panels), width=4.5, height=3.4)
    with style():
        for ax, (title, beta, exact, reward), dots in zip(axes, panels, measured, strict=True):
            ax.plot(beta, exact, color=CONSTANT)
            ax.errorbar(dots[0], dots[1], 2 * dots[2], fmt="o", color=BLACK, markersize=4)
            top, side = 1.25 * float(exact.max()), 0.015 * float(beta[-1] - beta[0])
            for place, words, colour in (
                (0.0, "no baseline", SCORE),
                (reward, "mean reward", GREY),
            ):
                ax.plot([place, place], [0, top], color=colour, linestyle=":", linewidth=1.4)
                left = place < max(0.0, reward)
                ax.text(
                    place - side if left else place + side,
                    0.98 * top,
                    words,
                    color=QUIET if colour == GREY else colour,
                    fontsize=8,
                    va="top",
                    ha="right" if left else "left",
                )
            low = int(exact.argmin())
            ax.plot([float(beta[low])], [float(exact[low])], "v", color=CONSTANT, markersize=9)
            ax.annotate(
                "best constant",
                (float(beta[low]), float(exact[low])),
                (0, -14),
                textcoords="offset points",
                color=CONSTANT,
                fontsize=8,
                ha="center",
            )
            ax.set(title=title, xlabel=r"baseline $\beta$ (nats)", ylim=(-0.12 * top, top))
        axes[0].set_ylabel("variance of one estimate (dots: measured)")
    return figure


def blanket(size: int = 5) -> Figure:
    """A corner of the grid: one pixel, the factors that read it, and its Markov blanket."""
    figure, (ax,) = new_figure(width=5.2, height=5.0)
    wide, centre = 1.5, (size // 2, size // 2)

    def factor(start: tuple[float, float], end: tuple[float, float], ours: bool) -> None:
        (x0, y0), (x1, y1) = start, end
        colour, width = (BLANKETS, 3.2) if ours else (GREY, 1.0)
        ax.plot([x0, x1], [y0, y1], color=colour, linewidth=width, zorder=1)

    with style():
        side = wide * (size - 1)
        blank(ax, "Five factors read this pixel", (-0.6, side + 1.0), (-0.6, side + 1.0))
        for i, j in itertools.product(range(size), repeat=2):
            pixel, place = (i, j), (wide * i, wide * j)
            for other in ((i + 1, j), (i, j + 1)):
                if max(other) < size:
                    there = (wide * other[0], wide * other[1])
                    factor(place, there, centre in (pixel, other))
            seen = (place[0] + 0.55, place[1] + 0.55)
            factor(place, seen, pixel == centre)
            node(ax, place, "$z_i$" if pixel == centre else "")
            node(ax, seen, "$x_i$" if pixel == centre else "", shaded=True)
            if abs(i - centre[0]) + abs(j - centre[1]) <= 1:
                face = SKY if pixel == centre else "none"
                rim = Circle(place, 0.28, facecolor=face, edgecolor=BLANKETS, linewidth=3, zorder=3)
                ax.add_patch(rim)
    return figure


def growth(D: Tensor, variances: Mapping[str, Tensor], exponents: Mapping[str, int]) -> Figure:
    """Variance of a pixel's gradient over the number of pixels, with a line of the predicted slope through the last dot.

    Args:
        D: ``(n,)``.
        variances: ``{way: (seeds, n)}``.
        exponents: ``{way: predicted exponent}``.
    """
    figure, (ax,) = new_figure(width=6.4, height=3.9)
    with style():
        for name, values in variances.items():
            mean, error = values.mean(0), values.std(0) / len(values) ** 0.5
            line = mean[-1] * (D / D[-1]) ** exponents[name]
            ax.loglog(D, line, color=COLOURS[name], linestyle=":", linewidth=1.4)
            ax.errorbar(D, mean, 2 * error, fmt="o", color=COLOURS[name], markersize=5)
            ax.text(
                1.12 * float(D[-1]),
                float(mean[-1]),
                f"{name}: {GROWTH[exponents[name]]}",
                color=COLOURS[name],
                fontsize=9,
                va="center",
            )
        ax.set(
            title="Three ways, three laws of growth",
            xlabel="number of pixels D",
            ylabel="variance, gradient of one logit (mean over pixels)",
            xlim=(0.85 * float(D[0]), 12.0 * float(D[-1])),
            xticks=D.tolist(),
            xticklabels=[f"{d:g}" for d in D.tolist()],
        )
    return figure
