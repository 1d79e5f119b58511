"""Figures of lecture 06, Reparametrization."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from matplotlib.figure import Figure
from torch import Tensor

from course_vi.plots.lecture_06b import (
    gamma_shift,
    maps,
    noise_outside,
    posteriors,
    three_ways,
    unseen_direction,
)
from course_vi.plots.style import (
    BASELINE,
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PATH,
    RED,
    SCORE,
    new_figure,
    style,
)

__all__ = [
    "dimensions",
    "frozen_data",
    "frozen_trumpet",
    "gamma_shift",
    "maps",
    "noise_outside",
    "one_step",
    "posteriors",
    "quadratic",
    "real_ratio",
    "steps",
    "three_ways",
    "two_views",
    "unseen_direction",
]


COLOURS = {"pathwise": PATH, "score function": SCORE, "score, best baseline": BASELINE}


def dimensions(
    d: Tensor, exact: Mapping[str, Tensor], at: Tensor, measured: Mapping[str, Tensor]
) -> Figure:
    """Variance of the gradient of one mean over the number of latents, exact lines and measured dots."""
    figure, (ax,) = new_figure(width=6.0, height=3.3)
    with style():
        for name in exact:
            ax.loglog(d, exact[name], color=COLOURS[name], label=f"{name}, exact")
            ax.loglog(
                at,
                measured[name],
                "o",
                color=COLOURS[name],
                markersize=5,
                label=f"{name}, measured",
            )
        ax.set(
            title="One coordinate of the toy, among D independent ones",
            xlabel="number of latents D",
            ylabel="variance, gradient of one mean",
        )
        ax.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def two_views(
    z: Tensor,
    f: Tensor,
    density: Tensor,
    at: Tensor,
    values: Tensor,
    slopes: Tensor,
    estimates: Mapping[str, Tensor],
    exact: float,
) -> Figure:
    """What each estimator sees of f at a few samples; and the estimates it makes of that.

    Args:
        z, f, density: the curve of f and q, ``(n,)``.
        at, values, slopes: samples, f and f' there, ``(k,)``.
        estimates: one-sample gradients by estimator, ``(R,)``.
        exact: the gradient.
    """
    figure, axes = new_figure(columns=3, width=3.5, height=3.2)
    with style():
        top = float(f.max()) + 0.12 * float(f.max() - f.min())
        for ax, title in zip(axes, ("Pathwise: slopes", "Score function: values"), strict=False):
            ax.plot(z, f, color=GREY, linewidth=1.2)
            ax.fill_between(
                z,
                f.min(),
                f.min() + 0.5 * (f.max() - f.min()) * density / density.max(),
                color=GREY,
                alpha=0.2,
            )
            ax.set(title=title, xlabel="z", ylim=(float(f.min()), max(top, 0.1 * float(-f.min()))))
        for point, value, slope in zip(at.tolist(), values.tolist(), slopes.tolist(), strict=True):
            axes[0].plot(
                [point - 0.6, point + 0.6],
                [value - 0.6 * slope, value + 0.6 * slope],
                color=PATH,
                linewidth=2,
            )
            axes[1].plot([point, point], [0.0, value], color=SCORE, linewidth=2)
        axes[1].axhline(0, color=BLACK, linewidth=1)
        axes[1].text(float(z[0]), 0.0, " f = 0", va="bottom", fontsize=8)
        (
            axes[0].plot(at, values, "o", color=PATH, markersize=4),
            axes[1].plot(at, values, "o", color=SCORE, markersize=4),
        )
        axes[0].set_ylabel("f(z), with q shaded")
        low = float(torch.cat([torch.quantile(e, 0.002).view(1) for e in estimates.values()]).min())
        high = float(
            torch.cat([torch.quantile(e, 0.998).view(1) for e in estimates.values()]).max()
        )
        for name, sample in estimates.items():
            axes[2].hist(
                sample.numpy(),
                bins=80,
                range=(low, high),
                density=True,
                color=COLOURS[name],
                alpha=0.5,
                label=name,
            )
        axes[2].axvline(exact, color=BLACK, linestyle=":", label="exact gradient")
        axes[2].set(
            title="One-sample gradients of m", xlabel="estimate", ylabel="density", yscale="log"
        )
        axes[2].legend(fontsize=8)
    return figure


def quadratic(s: Tensor, exact: Tensor, at: Tensor, measured: Tensor) -> Figure:
    """Variances on a quadratic over the scale of q: for m curves and dots, for log s dots alone, the curves being an exercise.

    Args:
        exact: for m, ``(n, 3)``: pathwise, score, score with its best baseline.
        measured: for m and log s, ``(k, 3, 2)``.
    """
    figure, axes = new_figure(columns=2, width=4.6, height=3.7, sharex=True)
    with style():
        for column, (ax, name) in enumerate(
            zip(axes, ("m", "log s: curves are yours to predict (S5)"), strict=True)
        ):
            for row, (label, colour) in enumerate(COLOURS.items()):
                if column == 0:
                    ax.loglog(s, exact[:, row], color=colour, label=f"{label}, predicted")
                ax.loglog(
                    at,
                    measured[:, row, column],
                    "o",
                    color=colour,
                    markersize=5,
                    label=f"{label}, measured",
                )
            ax.set(
                title=f"Gradient of {name}",
                xlabel="scale s of q",
                ylabel="variance of one estimate",
            )
        figure.legend(
            *axes[0].get_legend_handles_labels(), fontsize=8, loc="outside lower center", ncols=3
        )
    return figure


def steps(
    k: Tensor,
    exact: Mapping[str, Tensor],
    at: Tensor,
    measured: Mapping[str, Tensor],
    crossing: float,
) -> Figure:
    """Variance of both estimators, times s squared, over the steepness of a soft step in units of the scale of q."""
    figure, (ax,) = new_figure(width=6.4, height=3.6)
    with style():
        for name in exact:
            ax.loglog(k, exact[name], color=COLOURS[name], label=f"{name}, exact")
            ax.loglog(
                at,
                measured[name],
                "o",
                color=COLOURS[name],
                markersize=5,
                label=f"{name}, measured",
            )
        ax.axvline(crossing, color=BLACK, linestyle=":", label=f"crossing, k s = {crossing:.2f}")
        ax.axvspan(crossing, float(k[-1]), color=SCORE, alpha=0.07)
        ax.set(
            title="A soft step under q",
            xlabel="steepness times scale, k s",
            ylabel="variance times s squared",
            xlim=(float(k[0]), float(k[-1])),
        )
        ax.legend(fontsize=8)
    return figure


def one_step(
    z: Tensor,
    f: Tensor,
    density: Tensor,
    estimates: Mapping[str, Tensor],
    variances: Mapping[str, float],
) -> Figure:
    """A target under q, and the one-sample gradients of both estimators as histograms."""
    figure, (left, right) = new_figure(columns=2, width=4.4, height=2.9)
    with style():
        left.plot(z, f, color=BLACK, linewidth=1.4, label="f")
        shape = f.min() + (f.max() - f.min()) * density / density.max()
        left.fill_between(z, f.min(), shape, color=GREY, alpha=0.25, label="q (its shape)")
        left.set(title="The target under q", xlabel="z", ylabel="f(z)")
        for name, sample in estimates.items():
            label = f"{name}, variance {variances[name]:.3g}"
            right.hist(
                sample.numpy(), bins=60, density=True, alpha=0.5, color=COLOURS[name], label=label
            )
        right.set(
            title="One-sample gradients of m", xlabel="estimate", ylabel="density", yscale="log"
        )
        left.legend(fontsize=8), right.legend(fontsize=8)
    return figure


def real_ratio(ratios: Mapping[str, Tensor], K: int) -> Figure:
    """Variance of the score function over that of the pathwise gradient, weight by weight of a regression."""
    figure, (ax,) = new_figure(width=7.0, height=3.2)
    with style():
        for (name, values), colour, marker in zip(
            ratios.items(), (SCORE, GREEN), "os", strict=True
        ):
            ax.semilogy(values, marker, color=colour, markersize=5, label=name)
        ax.axhline(1, color=BLACK, linestyle=":", label="equal")
        ax.set(
            title=f"Breast cancer, logistic regression: score over pathwise variance, K = {K}",
            xlabel="weight (0 is the intercept)",
            ylabel="ratio of variances",
        )
        ax.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def frozen_trumpet(
    K: Tensor,
    frozen: Tensor,
    true: Tensor,
    at: Tensor,
    measured_frozen: Tensor,
    measured_true: Tensor,
    d: int,
) -> Figure:
    """The maximum of the frozen objective and the exact ELBO there, over the number of samples; the log evidence is zero."""
    figure, (ax,) = new_figure(width=6.4, height=3.6)
    with style():
        ax.semilogx(K, frozen, color=RED, label="frozen objective at its maximum, predicted")
        ax.semilogx(at, measured_frozen, "o", color=RED, markersize=5, label="measured")
        ax.semilogx(K, true, color=BLUE, label="exact ELBO at that place, predicted")
        ax.semilogx(at, measured_true, "o", color=BLUE, markersize=5, label="measured")
        ax.axhline(0, color=BLACK, linestyle=":", label="log evidence")
        ax.axvspan(2.8, d + 0.5, color=GREY, alpha=0.25)
        ax.text(3.9, -7.7, "no maximum", ha="center", va="bottom", fontsize=8, rotation=90)
        ax.set(
            title=f"Full covariance in {d} dimensions, frozen noise",
            xlabel="number of frozen samples K",
            ylabel="nats",
            xlim=(2.8, 1.1 * float(K[-1])),
            ylim=(-8, 4),
        )
        ax.legend(fontsize=8, loc="lower right")
    return figure


def frozen_data(curves: Mapping[str, tuple[Tensor, Tensor]], every: int, best: float) -> Figure:
    """What the optimizer is told, and how far the exact ELBO is below the best one, over the steps of a fit.

    Args:
        curves: ``{name: (objective (steps,), exact ELBO (steps,))}``, noted ``every`` so many steps.
    """
    figure, axes = new_figure(columns=2, width=4.6, height=3.3)
    with style():
        for (name, (told, true)), colour in zip(curves.items(), (RED, ORANGE, GREEN), strict=False):
            steps = torch.arange(len(told)) * every
            axes[0].plot(steps, told, color=colour, label=name, linewidth=1.2)
            axes[1].semilogy(steps, best - true, color=colour, label=name)
        axes[0].axhline(best, color=BLACK, linestyle=":", label="best full-covariance ELBO")
        axes[0].set(
            title="What the optimizer is told",
            xlabel="step",
            ylabel="nats",
            ylim=(best - 35, best + 20),
        )
        axes[1].set(title="How far the exact ELBO is below the best", xlabel="step", ylabel="nats")
        axes[0].legend(fontsize=8, loc="lower right")
    return figure
