"""Figures of lecture 09, Sticking the landing."""

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
    "coefficients",
    "correlation",
    "escape",
    "landing",
    "one_posterior",
    "parts",
    "pyro_branches",
    "ranks",
    "regression_graph",
    "roeder",
    "scales",
    "trajectories",
    "two_layers",
]

NAMES = {"total": "total derivative", "stl": "sticking the landing"}
COLOURS = {"total": TOTAL, "stl": LANDING}


def landing(
    paths: Mapping[str, tuple[Tensor, Tensor]], best: tuple[float, float], hover: float
) -> Figure:
    """Iterates (loc, log_scale) of each estimator: the mean on the way, and its distance from the answer on a log scale.

    Args:
        paths: ``{"total" or "stl": (loc, log_scale)}``, ``(steps,)`` each.
        best: the exact answer.
        hover: the standard deviation at which theory says the total derivative keeps the mean moving.
    """
    figure, (left, right) = new_figure(columns=2, width=4.7, height=3.4)
    with style():
        for key, (loc, _) in paths.items():
            left.plot(loc, color=COLOURS[key], label=NAMES[key], linewidth=1.2)
            right.semilogy(
                (loc - best[0]).abs().clamp(min=1e-17),
                color=COLOURS[key],
                label=NAMES[key],
                linewidth=1.2,
            )
        left.axhline(
            best[0], color=BLACK, linestyle=":", label="exact posterior mean", linewidth=1, zorder=0
        )
        left.axhspan(
            best[0] - 2 * hover,
            best[0] + 2 * hover,
            color=TOTAL,
            alpha=0.12,
            label="predicted hover, 2 sd",
        )
        right.axhline(
            hover, color=TOTAL, linestyle="--", linewidth=1, label="predicted hover, 1 sd"
        )
        left.set(
            title="The mean of q on its way to the posterior",
            xlabel="step",
            ylabel="mean m of q (units of z)",
        )
        right.set(
            title="Distance from the answer", xlabel="step", ylabel="$|m - x/2|$ (units of $z$)"
        )
        left.legend(fontsize=8, loc="lower right"), right.legend(fontsize=8, loc="center right")
    return figure


def parts(eps: Tensor, panels: Sequence[tuple[str, Tensor, Tensor]]) -> Figure:
    """The two parts of the gradient of the mean, and their difference, as functions of the noise.

    Args:
        eps: ``(n,)``.
        panels: (title, path part, score part), ``(n,)`` each.
    """
    figure, axes = new_figure(columns=len(panels), width=3.5, height=3.3, sharey=True)
    with style():
        for ax, (title, path, score) in zip(axes, panels, strict=True):
            ax.plot(eps, path, color=LANDING, label="path part")
            ax.plot(eps, score, color=GREY, linestyle="--", label="score part (mean 0)")
            ax.plot(eps, path - score, color=TOTAL, label="total = path - score")
            ax.axhline(0, color=BLACK, linewidth=0.6)
            ax.set(title=title, xlabel=r"noise $\epsilon$ (standard deviations)")
        axes[0].set_ylabel("gradient of m (nats / unit of z)")
        axes[0].legend(fontsize=8, loc="lower right")
    return figure


def scales(
    log_s: Tensor,
    exact: Mapping[str, Mapping[str, Tensor]],
    points: Tensor,
    measured: Mapping[str, Mapping[str, Tensor]],
    crossing: float,
    best: float,
) -> Figure:
    """Variance of both estimators over the scale of q, exact and measured, for the mean and for the log scale.

    Args:
        log_s: grid of log scales, ``(n,)``.
        exact: ``{estimator: {parameter: (n,)}}``.
        points: the log scales at which it was measured, ``(k,)``.
        measured: ``{estimator: {parameter: (k,)}}``.
        crossing: the log scale left of which the total derivative is the quieter one.
        best: the log scale of the posterior.
    """
    figure, axes = new_figure(columns=2, width=4.7, height=3.9)
    words = {
        "loc": ("Gradient of the mean", "variance (nats / unit of $z$)$^2$"),
        "log_scale": ("Gradient of the log scale", "variance (nats$^2$)"),
    }
    with style():
        for ax, (name, (title, label)) in zip(axes, words.items(), strict=True):
            for key in exact:
                ax.semilogy(
                    log_s, exact[key][name], color=COLOURS[key], label=f"{NAMES[key]}, exact"
                )
                ax.semilogy(
                    points,
                    measured[key][name],
                    "o",
                    color=COLOURS[key],
                    markersize=5,
                    label=f"{NAMES[key]}, measured",
                )
            ax.axvspan(
                float(log_s[0]),
                crossing,
                color=TOTAL,
                alpha=0.08,
                label="q too narrow: the total is quieter",
            )
            ax.axvline(best, color=BLACK, linestyle=":", label="posterior")
            ax.set(
                title=title,
                xlabel="log scale of q, log s",
                ylabel=label,
                ylim=(3e-3, 1e3),
                xlim=(float(log_s[0]), float(log_s[-1])),
            )
        figure.legend(
            *axes[1].get_legend_handles_labels(), fontsize=8, loc="outside lower center", ncols=3
        )
    return figure


def coefficients(
    c: Tensor, curves: Sequence[tuple[str, Tensor, Tensor, Tensor, float]], ylabel: str
) -> Figure:
    """Variance over the score coefficient c: exact parabolas, measured points, and the best c.

    Args:
        c: grid, ``(n,)``.
        curves: (label, exact ``(n,)``, c of the points, measured variances, best c).
    """
    figure, (ax,) = new_figure(width=7.0, height=4.2)
    with style():
        for colour, (label, exact, at, measured, best) in zip(
            (GREEN, BLUE, ORANGE, PINK), curves, strict=False
        ):
            ax.plot(c, exact, color=colour, label=f"{label}: best c = {round(best, 2) + 0.0:.2f}")
            ax.plot(at, measured, "o", color=colour, markersize=5)
            ax.axvline(best, color=colour, linewidth=0.8, linestyle="--")
        for place, name in (
            (-1, "sign slip\nc = -1"),
            (0, "sticking\nthe landing\nc = 0"),
            (1, "total\nc = 1"),
        ):
            ax.annotate(
                name,
                (place, 1.0),
                (place, 1.02),
                xycoords=("data", "axes fraction"),
                ha="center",
                va="bottom",
                fontsize=8,
            )
            ax.axvline(place, color=BLACK, linewidth=0.5, linestyle=":")
        ax.plot([], [], "o", color=GREY, markersize=5, label="measured")
        ax.set(xlabel="score coefficient c (no unit)", ylabel=ylabel, ylim=(-0.3, 9))
        ax.set_title("Same mean for every c, another variance", pad=42)
        figure.legend(fontsize=8, loc="outside lower center", ncols=3)
    return figure


def one_posterior(c: Tensor, variances: Mapping[str, Tensor], best: float, scale: float) -> Figure:
    """For the slider: both parabolas at one q, with the three named coefficients marked."""
    figure, (ax,) = new_figure(width=5.6, height=3.2)
    with style():
        for (name, variance), colour in zip(variances.items(), (BLUE, GREEN), strict=True):
            ax.plot(c, variance, color=colour, label=name)
        ax.axvline(best, color=BLACK, linestyle="--", label=f"lowest at c = {best:.2f}")
        for place in (-1, 0, 1):
            ax.axvline(place, color=GREY, linewidth=0.6, linestyle=":")
        ax.set(
            title=f"q with s = {scale:.2f} (the posterior has s = 0.71)",
            xlabel="score coefficient c (no unit)",
            ylabel="variance of one gradient",
            ylim=(0, 12),
        )
        figure.legend(fontsize=8, loc="outside lower center", ncols=3)
    return figure


def correlation(
    rho: Tensor, exact: Mapping[str, Tensor], points: Tensor, measured: Mapping[str, Tensor]
) -> Figure:
    """Mean field on a correlated posterior, at its own optimum: variance of the mean's gradient, and the ratio of the two."""
    figure, (left, right) = new_figure(columns=2, width=4.6, height=3.3)
    with style():
        for key in exact:
            left.semilogy(rho, exact[key], color=COLOURS[key], label=f"{NAMES[key]}, exact")
            left.semilogy(
                points,
                measured[key],
                "o",
                color=COLOURS[key],
                markersize=5,
                label=f"{NAMES[key]}, measured",
            )
        right.semilogy(
            rho, exact["total"] / exact["stl"], color=BLACK, label=r"exact: $1 + 1/\rho^2$"
        )
        right.semilogy(
            points,
            measured["total"] / measured["stl"],
            "o",
            color=BLACK,
            markersize=5,
            label="measured",
        )
        right.axhline(2, color=GREY, linestyle=":", label="limit in two dimensions: 2")
        left.set(
            title="At the mean-field optimum",
            xlabel=r"correlation of the posterior, $\rho$",
            ylabel="variance (nats / unit of $z$)$^2$",
        )
        right.set(
            title="What dropping the score term is worth",
            xlabel=r"correlation of the posterior, $\rho$",
            ylabel="variance of the total / of STL",
        )
        left.legend(fontsize=8), right.legend(fontsize=8)
    return figure


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
