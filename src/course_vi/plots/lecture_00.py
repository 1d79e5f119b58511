"""Figures of lecture 00, Start here: the four choices, z-scores, axes, logarithms, and a Gaussian cut."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle
from torch import Tensor

from course_vi.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PALE_BLUE,
    PALE_ORANGE,
    PINK,
    RED,
    SKY,
    YELLOW,
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


def z_histograms(scores: Mapping[str, Tensor], counts: Sequence[int]) -> Figure:
    """One panel for each number of replicates: how z-scores of each estimator scatter. ``scores: (len(counts), T)``.

    >>> len(z_histograms({"right": torch.randn(2, 50), "biased": torch.randn(2, 50) - 2}, [10, 100]).axes)
    2
    """
    figure, axes = new_figure(columns=len(counts), width=3.3, height=2.8, sharey=True)
    grid = torch.linspace(-4, 4, 100)
    with style():
        for index, (ax, count) in enumerate(zip(axes, counts, strict=True)):
            for (name, table), colour in zip(scores.items(), (BLUE, RED), strict=False):
                ax.hist(
                    table[index].numpy(),
                    bins=40,
                    range=(-14, 6),
                    density=True,
                    color=colour,
                    alpha=0.5,
                    label=name,
                )
            ax.plot(
                grid,
                torch.exp(-0.5 * grid**2) / math.sqrt(2 * math.pi),
                color=BLACK,
                linewidth=1.2,
                label="standard normal",
            )
            ax.axvspan(-14, -5, color=GREY, alpha=0.15)
            ax.set(title=f"R = {count:,}", xlabel="z-score $t$", xlim=(-14, 6))
        axes[0].set(ylabel="density of $t$ over tries")
        axes[0].legend(fontsize=7, loc="upper left")
    return figure


def z_over_r(counts: Tensor, biases: Mapping[str, float]) -> Figure:
    """|z| to be expected from a bias, in units of the spread, over the number of replicates: its root times the bias.

    >>> len(z_over_r(torch.tensor([10.0, 100.0]), {"a tenth": 0.1}).axes)
    1
    """
    figure, (ax,) = new_figure(width=5.4, height=3.0)
    with style():
        for (name, bias), colour in zip(biases.items(), (RED, ORANGE, PINK, SKY), strict=False):
            ax.plot(counts, bias * counts.sqrt(), color=colour)
            ax.text(
                float(counts[-1]),
                bias * float(counts[-1]) ** 0.5,
                f" bias = {name}\n of the spread",
                color=colour,
                fontsize=8,
                va="center",
            )
        ax.axhline(5, color=BLACK, linestyle="--")
        ax.text(
            0.0125 * float(counts[-1]),
            5.5,
            "$|t| = 5$: look again",
            fontsize=8,
        )
        ax.set(
            title="What a check can see",
            xlabel="number of replicates R",
            ylabel="expected $|t|$",
            xscale="log",
            yscale="log",
        )
    return figure


def axes_of_a_sample() -> Figure:
    """The axes of z: K sheets, each B rows of D numbers; what to do along each.

    >>> len(axes_of_a_sample().axes)
    1
    """
    figure, (ax,) = new_figure(width=7.4, height=3.3)
    with style():
        for sheet in (3, 2, 1, 0):
            x, y = 0.5 * sheet, 0.42 * sheet
            ax.add_patch(
                Rectangle((x, y), 2.5, 2.0, facecolor="white", edgecolor=BLUE, zorder=5 - sheet)
            )
            for row in range(4):
                for column in range(5):
                    colour = YELLOW if sheet == 0 and row == 3 else "white"
                    ax.add_patch(
                        Rectangle(
                            (x + 0.5 * column, y + 0.5 * row),
                            0.5,
                            0.5,
                            zorder=5 - sheet,
                            linewidth=0.6,
                            edgecolor=BLUE,
                            facecolor=colour,
                        )
                    )
        for start, end, where, text, shade in (
            (
                (0.0, -0.2),
                (2.5, -0.2),
                (1.25, -0.5),
                "D, the event: sum log-densities\nof independent coordinates",
                RED,
            ),
            ((-0.2, 2.0), (-0.2, 0.0), (-1.35, 1.0), "B, the batch:\nkept apart", GREEN),
            (
                (2.75, 0.0),
                (4.25, 1.26),
                (5.1, 0.45),
                "K, the samples:\naverage, or\nlog-mean-exp",
                BLUE,
            ),
        ):
            ax.annotate(
                "", end, start, arrowprops={"arrowstyle": "-|>", "color": shade, "linewidth": 1.8}
            )
            ax.text(*where, text, color=shade, ha="center", va="center", fontsize=9)
        ax.text(
            5.55,
            3.35,
            "one sample of the latent\nof one datum: a yellow row",
            fontsize=9,
            ha="center",
        )
        ax.annotate(
            "",
            (2.45, 1.75),
            (4.4, 3.25),
            zorder=8,
            arrowprops={"arrowstyle": "-|>", "color": BLACK, "connectionstyle": "arc3,rad=0.25"},
        )
        ax.set(xlim=(-2.3, 7.4), ylim=(-0.9, 3.9), title="z: (K, B, D)", aspect="equal")
        ax.axis("off")
    return figure


def float_range(log_w: Tensor, naive: Mapping[str, Tensor]) -> Figure:
    """What exp makes of log weights: exact in exact arithmetic, 0 or infinity in floating point. ``log_w: (N)``.

    >>> len(float_range(torch.tensor([-800.0, 0.0]), {"double": torch.tensor([float("-inf"), 0.0])}).axes)
    1
    """
    figure, (ax,) = new_figure(width=5.6, height=3.1)
    with style():
        ax.plot(log_w, log_w, color=GREY, linestyle="--", label="what it should be")
        for (name, values), colour in zip(naive.items(), (BLUE, RED), strict=False):
            finite = values.isfinite()
            ax.plot(
                log_w[finite],
                values[finite],
                color=colour,
                linewidth=4,
                alpha=0.6,
                label=f"log(exp(a)) in {name}",
            )
            for edge in (log_w[finite][0], log_w[finite][-1]):
                ax.plot(edge, edge, "o", color=colour)
        ax.set(title="Where floating point ends", xlabel="a", ylabel="log(exp(a))")
        ax.legend(fontsize=8)
    return figure


def cut_gaussian(
    mean: Tensor, covariance: Tensor, x: float, cut_mean: float, cut_variance: float
) -> Figure:
    """Left the joint density of (z, x), cut at x; right the prior of z, and z given x. ``mean: (2)``, ``covariance: (2, 2)``.

    >>> len(cut_gaussian(torch.zeros(2), torch.tensor([[1.0, 1.0], [1.0, 2.0]]), 2.0, 1.0, 0.5).axes)
    2
    """
    z, u = (
        torch.linspace(-3.5, 3.5, 120, dtype=torch.float64),
        torch.linspace(-4.5, 4.5, 120, dtype=torch.float64),
    )
    grid = torch.stack(torch.meshgrid(z, u, indexing="ij"), -1) - mean
    density = torch.exp(
        -0.5 * torch.einsum("...i,ij,...j->...", grid, torch.linalg.inv(covariance.double()), grid)
    )
    figure, (left, right) = new_figure(columns=2, width=4.3, height=3.2)
    with style():
        left.contour(u, z, density, levels=6, cmap="Blues")
        left.axvline(x, color=RED, label=f"x = {x:g} is seen")
        left.plot([x], [cut_mean], "o", color=RED)
        left.set(title="The joint density of x and z", xlabel="x", ylabel="z")
        left.legend(fontsize=8, loc="upper left")
        for m, v, colour, name in (
            (float(mean[0]), float(covariance[0, 0]), GREY, "p(z)"),
            (cut_mean, cut_variance, RED, "p(z | x)"),
        ):
            right.plot(
                z,
                torch.exp(-0.5 * (z - m) ** 2 / v) / math.sqrt(2 * math.pi * v),
                color=colour,
                label=name,
            )
        right.set(title="Before and after", xlabel="z", ylabel="density", ylim=(0, 0.75))
        right.legend(fontsize=8)
    return figure


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    ax.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": BLACK, "linewidth": 1.6})
