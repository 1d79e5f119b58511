"""Figures of lecture 00, Start here: the four choices, the map of units, and a climb."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from torch import Tensor

from course_vi.plots.lecture_00b import (
    axes_of_a_sample,
    cut_gaussian,
    float_range,
    z_histograms,
    z_over_r,
)
from course_vi.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PALE_BLUE,
    PALE_ORANGE,
    RED,
    new_figure,
    style,
)
from course_vi.syllabus import UNITS

__all__ = [
    "axes_of_a_sample",
    "climb",
    "cut_gaussian",
    "float_range",
    "four_choices",
    "map_of_units",
    "z_histograms",
    "z_over_r",
]


CHOICES = (
    ("model", r"$p_\theta(x, z)$", "what generates\nthe data?", BLUE),
    ("family", r"$q_\phi(z \mid x)$", "which posteriors\ncan it express?", GREEN),
    ("bound", r"$\mathcal{L}(\log w)$", "what do\nwe climb?", ORANGE),
    ("gradient", r"$\nabla_{\theta,\phi} \mathcal{L}$", "which way is up,\nhow noisily?", RED),
)

# Where each unit stands on the map: its name in two short lines, column and row.
PLACES: dict[int, tuple[str, float, float]] = {
    0: ("Start here", 0, 2),
    1: ("Graphical\nmodels", 1, 2),
    2: ("Marginal\nlikelihood", 2, 2),
    3: ("The ELBO", 3, 2),
    4: ("EM and\nmean field", 4, 1),
    5: ("Score\nfunction", 4, 2),
    6: ("Reparam-\netrization", 4, 3),
    7: ("Discrete\nrelaxations", 5, 0.5),
    8: ("Variational\nfamilies", 5, 4),
    9: ("Sticking\nthe landing", 5, 3),
    10: ("Tighter\nbounds", 6, 3),
    11: ("Amortized\ninference", 5, 2),
    12: ("Helmholtz\nmachines", 6, 1),
    13: ("VAEs", 6, 2),
    14: ("Pyro", 8, 1),
    15: ("VAE\nvariants", 8, 0),
    16: ("Sets and\nfunctions", 8, 2),
    17: ("Sequences", 8, 3),
    18: ("Exact\ngradients", 7, 4),
    19: ("Bits back", 7, 0),
}

# An arrow that would run behind another unit goes around it.
BENDS = {(5, 12): 0.22}


def four_choices() -> Figure:
    """Model, family, bound, gradient: four boxes in a row, and the arrow of learning back to the parameters.

    >>> len(four_choices().axes)
    1
    """
    figure, (ax,) = new_figure(width=9.4, height=2.9)
    with style():
        for place, (name, formula, asks, colour) in enumerate(CHOICES):
            ax.add_patch(
                FancyBboxPatch(
                    (2.5 * place, 0.55),
                    1.7,
                    1.25,
                    boxstyle="round,pad=0.08",
                    alpha=0.18,
                    facecolor=colour,
                    edgecolor=colour,
                )
            )
            for height, text, size in ((1.58, name, 11), (1.2, formula, 13), (0.78, asks, 8.5)):
                weight = "bold" if text == name else "normal"
                ax.text(
                    2.5 * place + 0.85,
                    height,
                    text,
                    ha="center",
                    va="center",
                    fontsize=size,
                    weight=weight,
                )
            if place < 3:
                _arrow(ax, (2.5 * place + 1.85, 1.2), (2.5 * place + 2.38, 1.2))
        for target, rad, letter in ((0.85, -0.15, r"$\theta$"), (3.35, -0.11, r"$\phi$")):
            ax.annotate(
                "",
                (target, 0.42),
                (8.35, 0.42),
                arrowprops={
                    "arrowstyle": "-|>",
                    "color": BLACK,
                    "connectionstyle": f"arc3,rad={rad}",
                },
            )
            ax.text(target + 0.25, 0.05, letter, ha="center", fontsize=11)
        ax.text(6.1, -0.32, "a step of the optimizer, and again", ha="center", fontsize=9)
        ax.set(
            xlim=(-0.2, 9.5),
            ylim=(-0.5, 2.0),
            title="Every method of the course is a choice of four things",
        )
        ax.axis("off")
    return figure


def map_of_units(here: Sequence[int]) -> Figure:
    """All units and what builds on what; the ten-week core in blue, those that are not in this copy dashed.

    >>> len(map_of_units([0, 3, 9]).axes)
    1
    """
    figure, (ax,) = new_figure(width=9.6, height=5.0)
    with style():
        for number, _, _, needs, core, _ in UNITS:
            title, column, row = PLACES[number]
            centre, colour = (column * 1.2, row * 0.95), BLUE if core else ORANGE
            ax.add_patch(
                FancyBboxPatch(
                    (centre[0] - 0.46, centre[1] - 0.27),
                    0.92,
                    0.54,
                    boxstyle="round,pad=0.03",
                    zorder=3,
                    edgecolor=colour,
                    facecolor="white"
                    if number not in here
                    else (PALE_BLUE if core else PALE_ORANGE),
                    linestyle="-" if number in here else ":",
                    linewidth=1.6,
                )
            )
            ax.text(
                *centre,
                f"{number:02d}\n{title}",
                ha="center",
                va="center",
                fontsize=7.6,
                zorder=4,
                linespacing=1.05,
            )
            for need in needs:
                start = (PLACES[need][1] * 1.2 + 0.5, PLACES[need][2] * 0.95)
                ax.annotate(
                    "",
                    (centre[0] - 0.5, centre[1]),
                    start,
                    zorder=1,
                    arrowprops={
                        "arrowstyle": "-|>",
                        "color": GREY,
                        "linewidth": 1.1,
                        "connectionstyle": f"arc3,rad={BENDS.get((need, number), 0.0)}",
                    },
                )
        for colour, text, height in (
            (BLUE, "the ten-week core", 4.05),
            (ORANGE, "the rest of the course", 3.8),
        ):
            ax.text(-0.45, height, "■ " + text, color=colour, fontsize=9)
        ax.text(-0.45, 3.55, "dotted frame: not in this copy", color=GREY, fontsize=9)
        ax.set(
            xlim=(-0.6, 10.2),
            ylim=(-0.4, 4.3),
            title="The map of units: an arrow leads from what you need to what builds on it",
        )
        ax.axis("off")
    return figure


def climb(steps: Tensor, bounds: Tensor, evidence: float) -> Figure:
    """The bound over the steps of an optimizer, and the evidence that it cannot pass. ``steps, bounds: (T)``.

    >>> import torch
    >>> len(climb(torch.arange(3.0), torch.tensor([-4.0, -3.0, -2.6]), -2.5).axes)
    1
    """
    figure, (ax,) = new_figure(width=5.4, height=3.0)
    with style():
        ax.plot(steps, bounds, color=BLUE)
        ax.axhline(evidence, color=BLACK, linestyle="--")
        end = float(steps[-1])
        ax.text(end, evidence + 0.02, r"$\log p(x)$, exact", ha="right", va="bottom", fontsize=9)
        ax.text(
            0.12 * end,
            float(bounds.min()),
            "ELBO, estimated with 10 samples",
            color=BLUE,
            fontsize=9,
        )
        ax.set(title=f"{len(steps)} steps uphill", xlabel="step", ylabel="nats")
    return figure


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    ax.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": BLACK, "linewidth": 1.6})
