"""Figures of the gradient laboratory: the gradients of one experiment, and a sheet of many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from course_vi.plots.style import (
    BLACK,
    BLUE,
    BROWN,
    GREEN,
    GREY,
    ORANGE,
    PINK,
    PLUM,
    QUIET,
    RED,
    new_figure,
    style,
)

__all__ = ["COLOURS", "Panel", "histograms", "sheet"]

# One colour per estimator, on the page and in every figure of the laboratory; black is exact.
COLOURS = {
    "score function": RED,
    "score function with baseline": GREEN,
    "reparametrized": BLUE,
    "naive landing": ORANGE,
    "doubly reparametrized": PINK,
}
BINS = 40


class Panel(NamedTuple):
    """Gradients of one parameter.

    Attributes:
        title: the finding.
        label: of the parameter, typeset.
        samples: ``(R,)``.
        exact, mean, mean_se: numbers.
    """

    title: str
    label: str
    samples: Tensor
    exact: float
    mean: float
    mean_se: float


def histograms(panels: Sequence[Panel], colour: str) -> Figure:
    """The gradients of one experiment, a panel for each parameter: their mean with two standard errors, and the exact gradient."""
    figure, axes = new_figure(columns=len(panels), width=3.7, height=3.0)
    with style():
        for ax, panel in zip(axes, panels, strict=True):
            _histogram(ax, panel, colour)
            ax.set(title=panel.title, xlabel=f"gradient of {panel.label}", ylabel="density")
            top = ax.get_ylim()[1]
            ax.set_ylim(0, 1.22 * top)
            # The words stand on the side where there is room: the exact line's to its left, the mean's to its right, or swapped.
            left, right = ("left", "right") if panel.mean < panel.exact else ("right", "left")
            for value, words, side, tint, height in (
                (panel.exact, "exact", right, BLACK, 1.19),
                (panel.mean, "mean", left, colour, 1.09),
            ):
                ax.annotate(
                    words,
                    (value, height * top),
                    xytext=(4 if side == "right" else -4, 0),
                    textcoords="offset points",
                    ha="left" if side == "right" else "right",
                    va="top",
                    fontsize=8,
                    color=_readable(tint),
                )
    return figure


def sheet(
    title: str,
    columns: Sequence[str],
    rows: Mapping[str, Sequence[Panel | None]],
) -> Figure:
    """Small multiples: a row for each estimator, a column for each setting, and to each panel its own scale.

    Args:
        rows: ``{estimator: one panel for each column}``; None where the estimator does not exist.
    """
    figure, axes = new_figure(columns=len(columns), rows=len(rows), width=3.0, height=1.5)
    with style():
        figure.suptitle(title, fontsize=11)
        for column, heading in enumerate(columns):
            for row, (name, panels) in enumerate(rows.items()):
                ax, panel = axes[row * len(columns) + column], panels[column]
                if panel is None:
                    ax.text(
                        0.5, 0.5, "not defined", transform=ax.transAxes, ha="center", color=GREY
                    )
                else:
                    _histogram(ax, panel, COLOURS[name])
                    words = panel.title.replace("-", "\N{MINUS SIGN}")
                    paper = {"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 1.0}
                    ax.text(
                        0.02, 0.97, words, transform=ax.transAxes, va="top", fontsize=8, color=QUIET, bbox=paper, zorder=5
                    )  # fmt: skip
                    ax.set_ylim(0, 1.35 * ax.get_ylim()[1])
                    if row == len(rows) - 1:
                        ax.set_xlabel(f"gradient of {panel.label}")
                ax.set_yticks([])
                ax.xaxis.set_major_locator(MaxNLocator(5))
                ax.tick_params(labelsize=8)
                if row == 0:
                    ax.set_title(heading)
                if column == 0:
                    words = name.replace(" with ", "\nwith ").replace("y rep", "y\nrep")
                    ax.set_ylabel(words, fontsize=8, color=_readable(COLOURS[name]))
    return figure


def _histogram(ax: Axes, panel: Panel, colour: str) -> None:
    span = _span(panel)
    heights, edges = np.histogram(panel.samples.numpy(), bins=BINS, range=span)
    density = heights / (len(panel.samples) * (edges[1] - edges[0]))
    ax.stairs(density, edges, color=colour, fill=True, alpha=0.45)
    ax.axvline(0.0, color=GREY, linewidth=0.8, linestyle=":")
    ax.axvspan(panel.mean - 2 * panel.mean_se, panel.mean + 2 * panel.mean_se, color=colour, alpha=0.35, linewidth=0)  # fmt: skip
    ax.axvline(panel.mean, color=colour, linewidth=1.4)
    ax.axvline(panel.exact, color=BLACK, linewidth=1.4, linestyle="--")
    ax.set_xlim(*span)


def _span(panel: Panel) -> tuple[float, float]:
    """What is drawn: the inner 98% of the gradients, zero, their mean and the exact one."""
    tails = np.quantile(panel.samples.numpy(), (0.01, 0.99))
    edges = [0.0, panel.exact, panel.mean, *tails.tolist()]
    low, high = min(edges), max(edges)
    room = 0.04 * (high - low) or 0.5
    return low - room, high + room


def _readable(colour: str) -> str:
    """Orange and pink are too pale for small letters on white."""
    return {ORANGE: BROWN, PINK: PLUM, GREY: QUIET}.get(colour, colour)
