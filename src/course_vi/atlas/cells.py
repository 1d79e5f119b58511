"""A cell of the wall chart, and the axis that all cells share."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes

from course_vi.atlas.entries import ENTRIES
from course_vi.atlas.table import biased
from course_vi.plots.style import (
    BASELINE,
    BLACK,
    BROWN,
    EXACT,
    ORANGE,
    PALE_GREY,
    PATH,
    QUIET,
    SCORE,
    WHITE,
)

__all__ = ["LETTERED", "SMALL", "cell", "frame", "refusal"]

SMALL = 14  # points
LOW, HIGH = 2e-3, 6e5  # of the axis
COLOURS = {"score": SCORE, "baseline": BASELINE, "path": PATH, "relaxed": ORANGE}
LETTERED = COLOURS | {"relaxed": BROWN}
REFUSALS = {
    "does not say what its factors read": "factors unknown",
    "independent coordinates": "q is not a product",
    "global": "global latents",
    "prior has no name": "prior unnamed",
    "closed form": "no closed form",
    "distribution parameters": "q has a network",
    "only bits have opposites": "bits only",
}


def refusal(why: str) -> str:
    """Why the library refuses, in two or three words."""
    return next((words for part, words in REFUSALS.items() if part in why), "refused")


def frame(ax: Axes, count: int) -> None:
    """A logarithmic axis with the line of the squared gradient, and ``count`` rows from the top down."""
    ax.set(xscale="log", xlim=(LOW, HIGH), ylim=(count - 0.5, -0.5), yticks=[])
    ax.set_xticks([1e-2, 1, 1e2, 1e4])
    ax.minorticks_off()
    ax.grid(False)
    ax.tick_params(labelsize=SMALL, pad=2)
    ax.spines["left"].set_visible(False)
    for place in range(count):
        ax.axhline(place + 0.5, color=PALE_GREY, linewidth=0.6, zorder=0)
    ax.axvline(1.0, color=EXACT, linewidth=1.6, zorder=1)


def cell(ax: Axes, place: float, row: dict[str, Any]) -> None:
    """The marks of a row of the table at a height, or why the library refuses."""
    if row["status"] == "refused":
        ax.text(
            0.5,
            place,
            refusal(row["why"]),
            transform=ax.get_yaxis_transform(),
            fontsize=SMALL,
            color=QUIET,
            ha="center",
            va="center",
            bbox={"facecolor": WHITE, "edgecolor": "none", "pad": 1},
        )
        return
    colour, unit = COLOURS[ENTRIES[row["estimator"]].kind], row["signal"] ** 2
    known = "exact_variance" in row
    noise = (row["exact_variance"] if known else row["variance"]) / unit
    work = noise * (row["values"] + row["gradients"])
    inside = [min(max(value, LOW * 1.15), HIGH / 1.15) for value in (noise, work)]
    ax.plot(inside, [place, place], color=colour, linewidth=2.5, zorder=2)
    for value, shown, fill in ((noise, inside[0], WHITE), (work, inside[1], colour)):
        marker = ("D" if known else "o") if value == shown else (">" if value > shown else "<")
        ax.plot(
            shown,
            place,
            marker,
            color=colour,
            markerfacecolor=fill,
            markersize=10 if known else 11,
            markeredgewidth=2.5,
            clip_on=False,
            zorder=3,
        )
    if biased(row):
        low, high = (max(row["bias"] + sign * 2 * row["bias_se"], 0.0) ** 2 / unit for sign in (-1, 1))  # fmt: skip
        ax.plot(
            [max(low, LOW), max(high, LOW)], [place, place], color=BLACK, linewidth=1.5, zorder=4
        )
        ax.plot(max(row["bias"] ** 2 / unit, LOW * 1.15), place, "X", color=BLACK, markersize=12, zorder=5, clip_on=False)  # fmt: skip
