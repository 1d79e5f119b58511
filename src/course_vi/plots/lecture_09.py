"""Figures of lecture 09, Sticking the landing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from torch import Tensor

from course_vi.plots.lecture_09b import (
    COLOURS,
    NAMES,
    escape,
    pyro_branches,
    ranks,
    regression_graph,
    roeder,
    trajectories,
    two_layers,
)
from course_vi.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    LANDING,
    ORANGE,
    PINK,
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
