"""Figures of lecture 00, Start here: z-scores, axes, floats, and a Gaussian cut."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from course_vi.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PINK,
    RED,
    SKY,
    YELLOW,
    new_figure,
    style,
)

__all__ = ["axes_of_a_sample", "cut_gaussian", "float_range", "z_histograms", "z_over_r"]


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
