"""Figures of lecture 16, sets and functions: the four graphs, draws beside bands, and what trained networks fall short of."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure
from torch import Tensor

from course_vi.plots.graphs_16 import four_graphs
from course_vi.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PINK,
    POSTERIOR,
    QUIET,
    new_figure,
    style,
)
from course_vi.plots.trained_16 import (
    coverages,
    shortfalls,
    shortfalls_by_context,
    statistics_found,
    where_it_fails,
)

__all__ = [
    "coverages",
    "draws_beside_bands",
    "four_graphs",
    "shortfalls",
    "shortfalls_by_context",
    "statistics_found",
    "where_it_fails",
]


def draws_beside_bands(
    grid: Tensor,
    points: Tensor,
    panels: Mapping[str, tuple[Tensor, Tensor, Tensor]],
    edge: float,
) -> Figure:
    """Draws of a predictive distribution over its band of two standard deviations.

    Args:
        grid: ``(n,)``.
        points: the context, ``(m, 2)``.
        panels: ``{title: (mean (n,), standard deviation (n,), draws (k, n))}``.
        edge: inputs beyond it, on both sides, were never in training.
    """
    figure, axes = new_figure(columns=len(panels), width=3.6, height=3.2, sharey=True)
    with style():
        for ax, (title, (mean, scale, draws)) in zip(axes, panels.items(), strict=True):
            ax.fill_between(grid, mean - 2 * scale, mean + 2 * scale, color=POSTERIOR, alpha=0.25, linewidth=0)  # fmt: skip
            for draw, colour in zip(draws, (BLUE, GREEN, ORANGE, PINK), strict=False):
                ax.plot(grid, draw, color=colour, linewidth=1.1)
            ax.plot(*points.T, "o", color=BLACK, markersize=5)
            for side in (-edge, edge):
                ax.axvline(side, color=QUIET, linestyle=":", linewidth=1)
            ax.set(title=title, xlabel="input $u$", ylabel="output $y$", ylim=(-3.4, 3.4))
    return figure
