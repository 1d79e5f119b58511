"""Figures of lecture 01, Graphical models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from torch import Tensor

from course_vi.plots.lecture_01b import (
    COLOURS,
    blanket_graph,
    chain_graph,
    deep_samples,
    doubly_intractable,
    image_rows,
    magnets,
    random_graphs,
)
from course_vi.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    SKY,
    new_figure,
    style,
)

__all__ = [
    "blanket_graph",
    "chain_graph",
    "coins",
    "common_cause",
    "crossed",
    "deep_samples",
    "doubly_intractable",
    "image_rows",
    "learning_theta",
    "magnets",
    "nile",
    "plate_rule",
    "random_graphs",
    "shrinkage",
]


BOXED: dict[str, Any] = {"frameon": True, "framealpha": 0.9, "edgecolor": "none"}


def plate_rule(together: Tensor, apart: Mapping[float, Tensor], correlation: float) -> Figure:
    """Two data of one plate, ``(n, 2)``: left with their parent drawn anew each time, right for a few fixed values of the parent."""
    figure, (left, right) = new_figure(columns=2, width=3.9, height=3.7, sharey=True)
    with style():
        left.plot(
            *together.T,
            ".",
            color=GREY,
            alpha=0.4,
            markersize=4,
            label="each point has its own theta",
        )
        left.set(title=f"theta unknown: correlation {correlation:.2f}", ylabel="$y_2$")
        for (theta, points), colour in zip(apart.items(), COLOURS, strict=False):
            right.plot(
                *points.T, ".", color=colour, alpha=0.4, markersize=4, label=f"theta = {theta:g}"
            )
        right.set(title="theta known: round clouds")
        for axis in (left, right):
            axis.set(xlabel="$y_1$", xlim=(-5.5, 5.5), ylim=(-5.5, 5.5), aspect="equal")
            axis.legend(fontsize=8, loc="upper left")
    return figure


def learning_theta(
    grid: Tensor, parameter: Mapping[str, Tensor], predictive: Mapping[str, Tensor], truth: float
) -> Figure:
    """Densities over one grid, a curve for each amount of data: left of the parameter, right of the next datum."""
    figure, axes = new_figure(columns=2)
    with style():
        for axis, curves in zip(axes, (parameter, predictive), strict=True):
            for (name, density), colour in zip(
                curves.items(), (GREY, SKY, BLUE, RED), strict=False
            ):
                axis.plot(grid, density, color=colour, label=name)
            axis.axvline(truth, color=BLACK, linestyle=":", linewidth=1, label="the true theta")
        axes[0].set(title="What we think of theta", xlabel="theta", ylabel="density (per unit)")
        axes[1].set(
            title="What we expect of the next y",
            xlabel="y",
            ylabel="density (per unit)",
            ylim=(0, 0.5),
        )
        axes[0].legend(fontsize=8, loc="upper left")
    return figure


def shrinkage(
    names: Sequence[str], rows: Sequence[int], raw: Tensor, loc: Tensor, scale: Tensor
) -> Figure:
    """One firm per line: the mean residual of its rows (a cross), and the posterior of its random intercept with two deviations."""
    figure, (axis,) = new_figure(width=6.6, height=3.8)
    with style():
        places = list(range(len(names)))
        axis.axvline(0, color=BLACK, linewidth=1)
        axis.errorbar(
            loc,
            places,
            xerr=2 * scale,
            fmt="o",
            color=BLUE,
            capsize=3,
            label="posterior of z, two deviations",
        )
        axis.plot(
            raw, places, "x", color=RED, markersize=7, label="mean residual of the firm's own rows"
        )
        axis.set_yticks(
            places,
            [
                f"{name}, {count} year{'s' * (count > 1)}"
                for name, count in zip(names, rows, strict=True)
            ],
            fontsize=8,
        )
        axis.set(
            title="Few data lean on the others",
            xlabel="random intercept (million dollars)",
            ylabel="firm, and years that we keep",
        )
        axis.invert_yaxis()
        figure.legend(fontsize=8, loc="outside lower center", ncols=2)
    return figure


def crossed(one: Tensor, two: Tensor, firms: int) -> Figure:
    """Posterior precisions (absolute values, scaled to a unit diagonal) of one grouping and of two that cross."""
    figure, axes = new_figure(columns=2, width=3.7, height=3.6)
    with style():
        for axis, matrix, title in zip(
            axes, (one, two), ("Firms alone: diagonal", "Firms and years: coupled"), strict=True
        ):
            picture = axis.imshow(matrix, cmap="Greys", vmin=0, vmax=0.35)
            axis.set(title=title, xlabel="latent")
            axis.grid(False)
        axes[0].set_ylabel("latent")
        for draw in (axes[1].axhline, axes[1].axvline):
            draw(firms - 0.5, color=RED, linewidth=1)
        figure.colorbar(picture, ax=axes[1], shrink=0.8, label="size of the coupling")
    return figure


def nile(
    years: Sequence[int],
    flow: Tensor,
    filtered: tuple[Tensor, Tensor],
    smoothed: tuple[Tensor, Tensor],
) -> Figure:
    """A series with its level, filtered and smoothed, each as (mean, standard deviation)."""
    figure, axes = new_figure(columns=2, width=4.8, sharey=True)
    with style():
        both = (
            ("Filter: from the past", filtered, RED),
            ("Smoother: from past and future", smoothed, BLUE),
        )
        for axis, (title, (loc, scale), colour) in zip(axes, both, strict=True):
            axis.plot(years, flow, ".", color=GREY, markersize=4, label="yearly flow")
            axis.plot(years, loc, color=colour, label="level")
            axis.fill_between(
                list(years),
                loc - 2 * scale,
                loc + 2 * scale,
                color=colour,
                alpha=0.2,
                label="two deviations",
            )
            axis.set(title=title, xlabel="year", ylim=(400, 1450))
            axis.legend(fontsize=8, loc="upper right")
        axes[0].set_ylabel("flow of the Nile ($10^8$ m³)")
    return figure


def coins(x: Tensor, z: Tensor, probability: Tensor, path: Tensor) -> Figure:
    """A series of tosses; which coin was thrown, how probable that is after all tosses, and the single most likely sequence."""
    figure, (axis,) = new_figure(width=8.4, height=2.9)
    with style():
        steps = list(range(1, len(x) + 1))
        axis.fill_between(
            steps, 0, z, step="mid", color=ORANGE, alpha=0.25, label="the loaded coin was in play"
        )
        axis.plot(steps, probability, color=BLUE, label="p(loaded | all tosses)")
        axis.step(
            steps,
            1.06 + 0.1 * path,
            where="mid",
            color=GREEN,
            linewidth=1.4,
            label="most likely sequence (up: loaded)",
        )
        axis.plot(
            steps,
            -0.08 - 0.07 * x,
            "|",
            color=BLACK,
            markersize=7,
            label="tosses (heads above tails)",
        )
        axis.set(
            title="A hidden state, made out from tosses",
            xlabel="toss",
            ylabel="probability",
            ylim=(-0.22, 1.26),
        )
        axis.set_yticks([0, 0.5, 1])
        axis.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def common_cause(
    z: Tensor, prior: Tensor, posteriors: Mapping[str, Tensor], table: Tensor, correlation: float
) -> Figure:
    """Left the prior of the latent and its posterior for each outcome; right the four probabilities, with those of independent coins."""
    figure, (left, right) = new_figure(columns=2)
    with style():
        left.plot(z, prior, color=GREY, linestyle="--", label="prior")
        for (name, density), colour in zip(posteriors.items(), COLOURS, strict=False):
            left.plot(z, density, color=colour, label=f"after {name}")
        left.set(
            title="What the coins tell about their cause",
            xlabel="latent z",
            ylabel="density (per unit of z)",
        )
        left.legend(fontsize=8)
        independent = table.sum(1, keepdim=True) * table.sum(0)
        right.bar(
            range(4), table.flatten().tolist(), 0.6, color=BLUE, alpha=0.6, label="$p(x_1, x_2)$"
        )
        right.plot(
            range(4),
            independent.flatten(),
            "_",
            color=RED,
            markersize=28,
            markeredgewidth=2.5,
            label="if they were independent",
        )
        right.set_xticks(range(4), list(posteriors))
        right.set(
            title=f"Correlation {correlation:.3f}",
            xlabel="outcome",
            ylabel="probability",
            ylim=(0, 0.75),
        )
        right.legend(fontsize=8, loc="upper center")
    return figure
