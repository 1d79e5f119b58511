"""Figures of lecture 08, Variational families."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from course_vi.plots.graphs_08 import graphs_and_precisions, orders
from course_vi.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PINK,
    RED,
    new_figure,
    style,
)

__all__ = [
    "by_rank",
    "cost",
    "funnel",
    "graphs_and_precisions",
    "no_correlation",
    "orders",
    "planar",
    "race",
    "widths",
]

COLOURS = {
    "diagonal": GREY,
    "full": BLACK,
    "factor": PINK,
    "sparse precision": BLUE,
    "flow": ORANGE,
    "ASVI": GREEN,
}


def no_correlation(
    sizes: Sequence[int],
    scales: Sequence[float],
    reverse: Sequence[float],
    forward: Sequence[float],
) -> Figure:
    """What a diagonal q makes of a posterior of equal correlations, over the dimension: its scale, and what is lost, in both directions."""
    figure, (left, right) = new_figure(columns=2, width=4.6, height=3.2)
    with style():
        left.semilogx(sizes, scales, "o-", color=BLUE, markersize=4)
        left.axhline(1.0, color=RED, linestyle="--")
        left.axhline(0.1**0.5, color=GREY, linestyle=":")
        left.text(sizes[1], 1.03, "best for KL(p || q): as wide as the posterior", color=RED, fontsize=8)  # fmt: skip
        left.text(sizes[2], 0.44, "best for KL(q || p)", color=BLUE, fontsize=8)
        left.text(sizes[0], 0.22, r"$\sqrt{1 - 0.9}$", color=GREY, fontsize=8)
        left.set(
            title="Three times too narrow, and no worse",
            xlabel="number of coordinates D",
            ylabel="standard deviation of q",
            ylim=(0, 1.2),
        )
        for values, colour, name in ((reverse, BLUE, "KL(q || p)"), (forward, RED, "KL(p || q)")):
            right.loglog(sizes, values, "o-", color=colour, markersize=4)
            right.text(sizes[-1] * 1.15, values[-1], name, color=colour, fontsize=8, va="center")
        right.set(
            title="One loss grows like D, the other far slower",
            xlabel="number of coordinates D",
            ylabel="least divergence (nats)",
            xlim=(sizes[0] * 0.85, sizes[-1] * 4.5),
        )
    return figure


def by_rank(ranks: Sequence[int], gaps: Sequence[float], dim: int) -> Figure:
    """Gaps of factor covariances on a chain over the numbers that they have, and that of a sparse precision, which is zero."""
    figure, (ax,) = new_figure(width=6.2, height=3.3)
    with style():
        numbers = [dim * (rank + 1) for rank in ranks]
        ax.semilogx(numbers, gaps, "o-", color=PINK, markersize=5)
        for rank, number, gap in zip(ranks, numbers, gaps, strict=True):
            name = f"rank {rank}" if rank else "diagonal"
            ax.annotate(name, (number, gap), (5, 5), textcoords="offset points", fontsize=8, color=PINK)  # fmt: skip
        ax.plot(2 * dim - 1, 0.0, "s", color=BLUE, markersize=7)
        ax.annotate("sparse precision", (2 * dim - 1, 0.0), (8, 5), textcoords="offset points", fontsize=8, color=BLUE)  # fmt: skip
        ax.set(
            title=f"A chain of {dim}: the right zeros beat many factors",
            xlabel="numbers that describe the covariance",
            ylabel="least gap (nats)",
            ylim=(-0.06 * max(gaps), 1.15 * max(gaps)),
            xlim=(0.8 * dim, 2.2 * numbers[-1]),
        )
    return figure


def cost(dims: Mapping[str, Sequence[int]], spent: Mapping[str, Sequence[float]]) -> Figure:
    """Milliseconds of a value and its gradient over the dimension, by family."""
    figure, (ax,) = new_figure(width=6.4, height=3.4)
    with style():
        for (name, times), colour in zip(spent.items(), (GREY, PINK, BLUE, BLACK), strict=True):
            ax.loglog(dims[name], times, "o-", color=colour, markersize=4)
            x, y = dims[name][-1], times[-1]
            ax.annotate(name, (x, y), (6, 0), textcoords="offset points", color=colour, fontsize=8, va="center")  # fmt: skip
        ax.set(
            title="Three families reach 10,000 dimensions; the full one does not",
            xlabel="number of dimensions D",
            ylabel="milliseconds of processor time",
            xlim=(7, 2e5),
        )
    return figure


def planar() -> Figure:
    """One planar layer: along w, with w'u above and below -1, and on a grid of the plane."""
    figure, axes = new_figure(columns=3, width=3.5, height=3.3)
    s = torch.linspace(-3.5, 3.5, 141)
    with style():
        for c, colour, place in ((2.0, BLUE, (0.5, 3.0)), (-0.9, GREEN, (-3.3, -3.2)), (-2.0, RED, (-3.3, 0.6))):  # fmt: skip
            axes[0].plot(s, s + c * s.tanh(), color=colour)
            axes[0].text(*place, f"c = {c:g}", color=colour, fontsize=9, ha="right" if c > 0 else "left")  # fmt: skip
        axes[0].set(title="Below -1 the map turns back", xlabel="$s$", ylabel=r"$s + c\,\tanh s$")
        for ax, c, colour, title in (
            (axes[1], 2.0, BLUE, "c = 2: stretched along u"),
            (axes[2], -2.0, RED, "c = -2: folded"),
        ):
            _layer(ax, c, colour)
            ax.set(title=title, xlabel="$z_1$", ylabel="$z_2$", aspect="equal")
            ax.set(xlim=(-4.2, 4.2), ylim=(-4.2, 4.2))
            ax.grid(False)
    return figure


def _layer(ax: Axes, c: float, colour: str) -> None:
    """A grid of the plane after z + u tanh(w'z), with w at an angle and u along it, of such length that w'u = c."""
    w = torch.tensor([0.8, 0.6])
    line, ticks = torch.linspace(-2, 2, 81), torch.linspace(-2, 2, 13)
    for tick in ticks:
        for curve in (
            torch.stack([tick.expand(81), line], -1),
            torch.stack([line, tick.expand(81)], -1),
        ):
            z = curve + c * w * (curve @ w).tanh().unsqueeze(-1)
            ax.plot(*z.T, color=colour, linewidth=0.8)


def funnel(centred: Tensor, straight: Tensor) -> Figure:
    """Prior draws of a latent and the scale it depends on, as both parametrizations see them: ``(n, 2)`` each, latent and log tau."""
    figure, (left, right) = new_figure(columns=2, width=4.2, height=3.3)
    with style():
        for ax, cloud, title, name, wide in (
            (left, centred, "Centred: a funnel", "$z_i$, a log rate", 3.0),
            (right, straight, "Non-centred: a round cloud", "the latent in its place", 4.0),
        ):
            ax.plot(cloud[:, 1], cloud[:, 0], ".", color=BLUE, markersize=2.5, alpha=0.5)
            ax.set(title=title, xlabel=r"$\log\tau$", ylabel=name, ylim=(-wide, wide))
    return figure


def race(
    panels: Sequence[tuple[str, Mapping[str, tuple[float, Sequence[float]]]]],
    floor: float,
    ceiling: float = 40.0,
) -> Figure:
    """Gaps over seconds, a panel for each posterior.

    Args:
        panels: (title, ``{family: (seconds of one run, gap of each run)}``).
        floor: gaps below it are drawn there; one below ``-floor`` is no gap: a cross at the ceiling.
        ceiling: gaps above it are drawn there, as triangles.
    """
    figure, axes = new_figure(columns=len(panels), width=3.7, height=4.0, sharey=True)
    ticks = [tick for tick in (0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000) if floor <= tick <= ceiling]
    with style():
        for ax, (title, found) in zip(axes, panels, strict=True):
            spots = []
            for name, (seconds, gaps) in found.items():
                marks = {
                    "o": [
                        min(max(gap, floor), ceiling) for gap in gaps if -floor <= gap <= ceiling
                    ],
                    "^": [ceiling for gap in gaps if gap > ceiling],
                    "x": [ceiling for gap in gaps if not gap >= -floor],
                }
                for mark, values in marks.items():
                    if values:
                        size = 9 if mark == "x" else 5
                        ax.semilogy(
                            [seconds] * len(values),
                            values,
                            mark,
                            color=COLOURS[name],
                            markersize=size,
                            alpha=0.7,
                            clip_on=False,
                        )
                spots.append((seconds, sorted(marks["o"] or [ceiling]), name))
            most = max(seconds for seconds, _ in found.values())
            ax.set(title=title, xlabel="seconds of one run", xlim=(0, 1.7 * most))
            ax.set(ylabel="gap to $\\log p(x)$ (nats)", yticks=ticks)
            ax.yaxis.set_major_formatter("{x:g}")
            ax.set_ylim(floor, ceiling)
            ax.minorticks_off()
            across, up = 187 / (1.7 * most), 235 / math.log(ceiling / floor)  # points of the page
            dots = [
                (x * across, math.log(y / floor) * up, name) for x, ys, name in spots for y in ys
            ]
            taken: list[tuple[float, float, float]] = []
            for seconds, values, name in spots:
                words = name.split()[0]  # "sparse precision" is long
                wide, middle = 4.4 * len(words), values[len(values) // 2]
                for at, dx, dy, side in (
                    (middle, 7, -3, "left"),
                    (values[-1], 0, 7, "center"),
                    (values[0], 0, -14, "center"),
                    (middle, -7, -3, "right"),
                ):
                    shift = {"left": 0.0, "center": 0.5, "right": 1.0}[side] * wide
                    x = seconds * across + dx - shift
                    y = math.log(at / floor) * up + dy + 3
                    free = not any(
                        other != name and x - 4 < a < x + wide + 4 and abs(b - y) < 8
                        for a, b, other in dots
                    ) and not any(a < x + wide and x < a + w and abs(b - y) < 9 for a, b, w in taken)  # fmt: skip
                    if free and x > 0:
                        break
                taken.append((x, y, wide))
                ax.annotate(
                    words,
                    (seconds, at),
                    (dx, dy),
                    textcoords="offset points",
                    fontsize=8,
                    color=COLOURS[name],
                    ha=side,
                )
    return figure


def widths(panels: Sequence[tuple[str, Mapping[str, Tensor]]]) -> Figure:
    """Standard deviations of q over those of the posterior, latent by latent, a panel for each posterior.

    Args:
        panels: (title, ``{family: ratios (D,)}``). What lies outside the axis is drawn at its rim.
    """
    least, most = 0.2, 4.0
    figure, axes = new_figure(columns=len(panels), width=3.7, height=3.4, sharey=True)
    names = [name for name in COLOURS if any(name in ratios for _, ratios in panels)]
    with style():
        for ax, (title, ratios) in zip(axes, panels, strict=True):
            for name, values in ratios.items():
                row = names.index(name)
                spread = row + 0.5 * (torch.linspace(0, 1, len(values)) - 0.5)
                ax.plot(values.clamp(least, most), spread, ".", color=COLOURS[name], markersize=3)
            ax.axvline(1.0, color=BLACK, linestyle=":")
            ax.set(title=title, xlabel="deviation of q / of the posterior", ylabel="family")
            ax.set(yticks=range(len(names)), yticklabels=names, xscale="log")
            ax.set(xlim=(0.9 * least, 1.1 * most), xticks=[0.25, 0.5, 1, 2, 4])
            ax.set_xticklabels(["1/4", "1/2", "1", "2", "4"])
            ax.minorticks_off()
    return figure
