"""Specimens of the course's look, drawn by the code that every figure is drawn with: colours by meaning, type, plates."""

from __future__ import annotations

from importlib import import_module

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator

from course_vi.plots.primitives import arrow, blank, label_ends, node, plate
from course_vi.plots.style import (
    BASELINE,
    BLACK,
    EXACT,
    MEANINGS,
    PATH,
    QUIET,
    TOTAL,
    WHITE,
    new_figure,
    style,
)

__all__ = ["ALTS", "contrast", "curves", "graph", "palette", "swatches"]

LOOK = import_module("course_vi.plots.style")  # `plots.style` is its function
LINES = ("BLACK", "BLUE", "RED", "GREEN", "ORANGE", "PINK", "SKY", "YELLOW", "GREY")
WORDS = ("QUIET", "BROWN", "PLUM")
AREAS = ("PALE_BLUE", "PALE_ORANGE", "PALE_GREEN", "PALE_GREY")
ALTS = {
    "swatches": "The colours of the course as labelled squares: nine for lines and areas, three for words, four pale ones for areas "
    "behind words; below, what seven names mean.",
    "curves": "A specimen of a figure: three curves of variance over the number of samples on logarithmic axes, labelled at their right "
    "ends in their own colours, without a legend; a dashed black line along the lowest is an exact answer.",
    "graph": "A specimen of a graph: a white circle z and a shaded circle x in a plate n = 1..N, an arrow from z to x, and another from a "
    "bare theta outside the plate to x.",
}


def palette() -> dict[str, str]:
    """Every colour by its name, in the order of the page.

    >>> palette()["BLUE"]
    '#0072B2'
    """
    return {name: getattr(LOOK, name) for name in (*LINES, *WORDS, *AREAS)}


def contrast(colour: str, other: str = WHITE) -> float:
    """Contrast of two colours after WCAG 2: letters want 4.5, lines and marks 3.

    >>> round(contrast("#000000"))
    21
    """

    def luminance(text: str) -> float:
        parts = np.array([int(text[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ np.array([0.2126, 0.7152, 0.0722]))

    high, low = sorted((luminance(colour), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def swatches() -> Figure:
    """The palette, and below it the names that mean something."""
    figure, (ax,) = new_figure(width=8.4, height=4.6)
    with style():
        ax.axis("off")
        ax.set(xlim=(0, 9), ylim=(-5.4, 3.2))
        for row, names in enumerate((LINES, (*WORDS, *AREAS))):
            for column, name in enumerate(names):
                colour = palette()[name]
                ax.add_patch(
                    Rectangle(
                        (column + 0.05, 1.9 - 1.7 * row),
                        0.85,
                        0.85,
                        facecolor=colour,
                        edgecolor=QUIET,
                        linewidth=0.5,
                    )
                )
                words = f"{name.replace('PALE_', 'PALE ')}\n{colour}"
                ax.text(column + 0.47, 1.85 - 1.7 * row, words, ha="center", va="top", fontsize=7, color=BLACK)  # fmt: skip
        for place, (name, meaning) in enumerate(MEANINGS.items()):
            y = -1.15 - 0.62 * place
            ax.plot([0.1, 1.3], [y, y], color=getattr(LOOK, name), linewidth=6 if name == "POSTERIOR" else 2.4)  # fmt: skip
            ax.text(1.5, y, name, fontsize=10, va="center", family="monospace")
            ax.text(3.2, y, meaning, fontsize=10, va="center", color=QUIET)
    return figure


def curves() -> Figure:
    """Curves labelled at their ends, logarithmic axes, a title that says the finding."""
    k = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
    lines = {"total derivative": (8 / k, TOTAL), "with a baseline": (2 / k, BASELINE), "path": (0.4 / k, PATH)}  # fmt: skip
    figure, (ax,) = new_figure(width=5.2, height=3.1)
    with style():
        for values, colour in lines.values():
            ax.plot(k, values, color=colour)
        ax.plot(k, lines["path"][0], color=EXACT, linestyle="--", linewidth=1.2)
        ax.text(1.1, 0.19, "exact", color=EXACT, fontsize=8, va="top")
        ax.set(xscale="log", yscale="log", xlim=(0.9, 110), xlabel="samples $K$", ylabel="variance of one estimate")  # fmt: skip
        ax.set_xticks(k, [f"{value:g}" for value in k])
        ax.xaxis.set_minor_locator(NullLocator())
        ax.set_title("A specimen, not a measurement: all fall as $1/K$")
        ends = {name: (k[-1], values[-1], colour) for name, (values, colour) in lines.items()}
        label_ends(ax, ends, gap=0.0, away=5.0)
    return figure


def graph() -> Figure:
    """Circle: random; shaded: observed; bare: fixed; a box: repeated."""
    figure, (ax,) = new_figure(width=3.4, height=2.3)
    with style():
        blank(ax, "", (-1.9, 1.9), (-0.95, 1.2))
        plate(ax, (-0.6, -0.85, 1.8, 0.6))
        node(ax, (0.0, 0.0), "$z_n$")
        node(ax, (1.2, 0.0), "$x_n$", shaded=True)
        ax.text(-1.4, 0.9, r"$\theta$", fontsize=11, ha="center", va="center")
        arrow(ax, (0.0, 0.0), (1.2, 0.0), BLACK)
        arrow(ax, (-1.4, 0.9), (1.2, 0.0), BLACK)
    return figure
