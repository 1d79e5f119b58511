"""Figures of lecture 09, Sticking the landing: what was found with it: escapes, ranks, layers, a regression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor

from course_vi.plots.primitives import arrow, blank, node, plate
from course_vi.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    LANDING,
    ORANGE,
    PINK,
    RED,
    SKY,
    TOTAL,
    new_figure,
    style,
)

__all__ = [
    "COLOURS",
    "NAMES",
    "escape",
    "pyro_branches",
    "ranks",
    "regression_graph",
    "roeder",
    "trajectories",
    "two_layers",
]

NAMES = {"total": "total derivative", "stl": "sticking the landing"}

COLOURS = {"total": TOTAL, "stl": LANDING}


def roeder(runs: Mapping[str, Mapping[str, tuple[Tensor, Tensor, Tensor, Tensor]]]) -> Figure:
    """Optimization with and without the score term, one column per family: the gap to the family's best ELBO, and the variance.

    Args:
        runs: ``{family: {estimator: (steps, gap, steps of the variance, variance)}}``.
    """
    figure, axes = new_figure(
        columns=len(runs), rows=2, width=3.6, height=2.8, sharex=True, sharey="row"
    )
    with style():
        for column, (family, found) in enumerate(runs.items()):
            top, bottom = axes[column], axes[column + len(runs)]
            for key, (steps, gap, at, variance) in found.items():
                top.semilogy(
                    steps, gap.clamp(min=1e-4), color=COLOURS[key], linewidth=1.1, label=NAMES[key]
                )
                bottom.semilogy(
                    at,
                    variance,
                    "o-",
                    color=COLOURS[key],
                    markersize=3,
                    linewidth=1.1,
                    label=NAMES[key],
                )
            top.set_title(family)
            bottom.set_xlabel("step")
        axes[0].set_ylabel("best ELBO - ELBO (nats), exact")
        axes[len(runs)].set_ylabel("total variance of one gradient")
        axes[0].legend(fontsize=8), axes[len(runs)].legend(fontsize=8)
    return figure


def trajectories(
    steps: Tensor, paths: Mapping[str, Tensor], best: Tensor, names: Sequence[str]
) -> Figure:
    """A few log scales under both estimators, one panel each, with the exact optimum of the family.

    Args:
        paths: ``{estimator: (steps, parameters)}``.
        best: ``(parameters,)``.
    """
    figure, axes = new_figure(columns=len(names), width=3.6, height=3.1)
    with style():
        for column, (ax, name) in enumerate(zip(axes, names, strict=True)):
            for key, path in paths.items():
                ax.plot(steps, path[:, column], color=COLOURS[key], linewidth=1.1, label=NAMES[key])
            ax.axhline(
                float(best[column]),
                color=BLACK,
                linestyle=":",
                linewidth=1.2,
                label="exact optimum",
            )
            ax.set(title=f"Weight of {name}", xlabel="step")
        axes[0].set_ylabel("log scale (no unit)")
        axes[0].legend(fontsize=8, loc="lower right")
    return figure


def escape(curves: Mapping[str, Tensor], mean_field: float, best: float) -> Figure:
    """ELBO over steps from several initial B: a climb that never leaves the saddle, and others that do."""
    figure, (ax,) = new_figure(width=6.6, height=3.6)
    with style():
        for (name, curve), colour in zip(
            curves.items(), (BLACK, ORANGE, GREEN, SKY, PINK), strict=False
        ):
            ax.plot(curve, color=colour, label=name, linewidth=1.4)
        ax.axhline(mean_field, color=GREY, linestyle="--", label="best mean field: the saddle")
        ax.axhline(best, color=RED, linestyle=":", label="best with this rank")
        room = best - mean_field
        ax.set(
            title="Climbing away from B = 0",
            xlabel="step",
            ylabel="exact ELBO (nats)",
            ylim=(mean_field - room, best + 0.15 * room),
        )
        ax.legend(fontsize=8, loc="lower right")
    return figure


def ranks(
    best: Sequence[float], reached: Sequence[float], full: float, evidence: tuple[float, float]
) -> Figure:
    """The best ELBO of each rank, what the repaired listing reached, the full-covariance line, and the log evidence with its error."""
    figure, (ax,) = new_figure(width=5.6, height=3.5)
    with style():
        places = list(range(len(best)))
        ax.plot(places, best, "o-", color=BLUE, label="best of the rank, exact climb")
        ax.plot(
            places[1:],
            reached,
            "x",
            color=ORANGE,
            markersize=9,
            markeredgewidth=2,
            label="reached by the repaired listing",
        )
        ax.axhline(full, color=GREEN, linestyle="--", label="best full covariance")
        ax.axhline(
            evidence[0],
            color=BLACK,
            linestyle=":",
            linewidth=1.2,
            label=f"log evidence, {evidence[0]:.3f} ± {evidence[1]:.4f}",
        )
        ax.set(
            title="How many factors does this posterior want?",
            xlabel="rank of B (0 is mean field)",
            ylabel="ELBO (nats)",
            xticks=places,
        )
        ax.legend(fontsize=8, loc="lower right")
    return figure


def pyro_branches(
    panels: Sequence[tuple[str, Tensor, Tensor, Sequence[tuple[str, Tensor, str]]]],
) -> Figure:
    """Pyro's gradient of the mean, one dot per sample, over the noise, and the lines on which candidates would put the dots.

    Args:
        panels: (title, eps, gradients, [(name, slope as a 0-d tensor, colour key)]).
    """
    figure, axes = new_figure(columns=len(panels), width=4.7, height=3.5)
    colours = {"total": TOTAL, "stl": LANDING, "kept": ORANGE, "dropped": GREEN}
    with style():
        for ax, (title, eps, gradient, lines) in zip(axes, panels, strict=True):
            grid = torch.linspace(-4, 4, 2, dtype=eps.dtype)
            for name, slope, key in lines:
                ax.plot(grid, slope * grid, color=colours[key], label=name, zorder=1)
            ax.plot(
                eps,
                gradient,
                ".",
                color=BLACK,
                markersize=4,
                label="Pyro, one sample each",
                zorder=2,
            )
            ax.set(
                title=title,
                xlabel=r"noise $\epsilon$ (standard deviations)",
                ylabel="gradient of m (nats per unit of z)",
            )
            ax.legend(fontsize=8)
    return figure


def two_layers(bars: Mapping[str, Mapping[str, tuple[float, float, float]]]) -> Figure:
    """Left: the model and how q draws its sample, with the path that gets cut. Right: variances at the posterior.

    Args:
        bars: ``{"right" or "cut": {parameter: (exact, measured, standard error)}}``.
    """
    figure, (left, right) = new_figure(columns=2, width=5.0, height=3.5)
    with style():
        blank(left, "Model (grey arrows) and q (coloured)", (-0.7, 3.6), (-0.75, 2.75))
        spots = {"z2": (0, 2.2), "z1": (0, 1.1), "x": (0, 0), "e2": (2.6, 2.2), "e1": (2.6, 1.1)}
        for name, label in (("z2", "$z_2$"), ("z1", "$z_1$"), ("x", "$x$")):
            node(left, spots[name], label, shaded=name == "x")
        for name, label in (("e2", r"$\epsilon_2$"), ("e1", r"$\epsilon_1$")):
            left.text(*spots[name], label, ha="center", va="center", fontsize=12, color=BLUE)
        for start, end in (("z2", "z1"), ("z1", "x")):
            arrow(left, spots[start], spots[end], GREY, bend=0.35)
        arrow(left, spots["x"], spots["z1"], BLUE, bend=0.35)
        arrow(left, spots["e1"], spots["z1"], BLUE)
        arrow(left, spots["e2"], spots["z2"], BLUE)
        arrow(left, spots["z1"], spots["z2"], RED, bend=0.35)
        cut = "$\\log q(z_2 \\mid z_1)$ reads $z_1$: freezing\nthe network's output cuts this arrow"
        left.text(0.62, 1.66, cut, color=RED, fontsize=8, va="center")
        names = list(next(iter(bars.values())))
        for key, colour, words in (
            ("cut", RED, "the path is cut"),
            ("right", BLUE, "the path is left alone:\nno variance at all"),
        ):
            for place, (exact, measured, error) in enumerate(bars[key].values()):
                right.plot([place - 0.22, place + 0.22], [exact, exact], color=BLACK, linewidth=1.2)
                right.errorbar(place, measured, yerr=2 * error, fmt="o", color=colour, capsize=4)
            height = max(exact for exact, _, _ in bars[key].values())
            right.text(0.3, height + 0.02, words, color=colour, fontsize=9, va="bottom")
        right.set(
            title="Variance at the exact posterior",
            ylabel="variance of one gradient",
            ylim=(-0.03, 0.62),
            xlim=(-0.4, len(names) - 0.3),
            xlabel="parameter of the first layer (line: exact; bars: 2 standard errors)",
        )
        right.set_xticks(range(len(names)), names)
    return figure


def regression_graph() -> Figure:
    """Bayesian logistic regression: global weights above a plate of N patients."""
    figure, (ax,) = new_figure(width=5.2, height=1.9)
    with style():
        blank(ax, "One weight vector, N = 569 patients", (-1.7, 4.9), (-0.8, 1.1))
        node(ax, (-0.9, 0), "$z$")
        node(ax, (1.4, 0), "$y_n$", shaded=True)
        node(ax, (3.2, 0), "$f_n$", shaded=True)
        arrow(ax, (-0.9, 0), (1.4, 0), GREY)
        arrow(ax, (3.2, 0), (1.4, 0), GREY)
        plate(ax, (0.69, -0.66, 4.01, 0.56))
        ax.text(-0.9, 0.55, "weights, latent", ha="center", fontsize=8)
        (
            ax.text(1.4, 0.33, "diagnosis", ha="center", fontsize=8),
            ax.text(3.2, 0.33, "measurements", ha="center", fontsize=8),
        )
    return figure
