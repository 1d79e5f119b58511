"""Figures for the problem set of unit 09: what to aim for, drawn from exact answers, with room for what a learner measured."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor

from course_vi.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    LANDING,
    ORANGE,
    RED,
    TOTAL,
    new_figure,
    style,
)

__all__ = ["factor_fit", "landing", "parabolas"]


def landing(
    measured_scales: Tensor | None = None, measured: Tensor | None = None, c: float = 0.5
) -> Figure:
    """Variance of both one-sample gradients on the toy over the scale s of q, with x - 2 loc = c: curves exact, points measured.

    Args:
        measured_scales: ``(N,)``.
        measured: ``(N, 2, 2)``: total and path, loc and log_scale.
    """
    s = torch.linspace(0.3, 1.2, 200)
    curves = (
        ("loc", 4 * s**2, (1 / s - 2 * s) ** 2),
        ("log_scale", (c * s) ** 2 + 8 * s**4, (c * s) ** 2 + 2 * (1 - 2 * s**2) ** 2),
    )
    figure, axes = new_figure(columns=2)
    with style():
        for column, (axis, (name, total, path)) in enumerate(zip(axes, curves, strict=True)):
            axis.plot(s, total, color=TOTAL, label="total derivative, exact")
            axis.plot(s, path, color=LANDING, label="path derivative, exact")
            axis.axvline(0.5**0.5, color=GREY, linestyle=":", label="scale of the posterior")
            if measured_scales is not None and measured is not None:
                axis.plot(
                    measured_scales,
                    measured[:, 0, column],
                    "o",
                    color=TOTAL,
                    label="total, measured",
                )
                axis.plot(
                    measured_scales,
                    measured[:, 1, column],
                    "s",
                    color=LANDING,
                    label="path, measured",
                )
            axis.set(
                title=f"Gradient of {name}",
                xlabel="scale s of q",
                ylabel="variance of one estimate",
                ylim=(-0.2, 9 - 3 * column),
            )
        axes[0].legend(
            fontsize=8, loc="upper center", frameon=True, framealpha=1, edgecolor="white"
        )
    return figure


def parabolas(
    c: Tensor, scales: Sequence[float], variance: Tensor, best: Sequence[float]
) -> Figure:
    """Measured variance of path + c * score over c, ``(len(scales), len(c))``, with the coefficient found for each scale."""
    figure, (axis,) = new_figure(width=6.0, height=3.4)
    with style():
        for row, (scale, colour) in enumerate(
            zip(scales, (BLUE, GREEN, ORANGE, RED), strict=False)
        ):
            axis.plot(
                c,
                variance[row],
                color=colour,
                label=f"s = {scale:.3g}, your best c = {round(best[row], 3) + 0.0:.3f}",
            )
            axis.axvline(best[row], color=colour, linestyle="--", linewidth=1)
        for value, name in ((1.0, "total"), (0.0, "landing"), (-1.0, "slip")):
            axis.axvline(value, color=BLACK, linestyle=":", linewidth=0.8)
            axis.text(value, 11.6, name, ha="center", va="bottom", fontsize=9)
        axis.set(
            xlabel="score coefficient c",
            ylabel="variance of the gradient of loc",
            ylim=(-0.3, 11.5),
        )
        axis.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def factor_fit(history: Sequence[float], target: Tensor, fitted: Tensor, every: int = 1) -> Figure:
    """Left the noisy ELBO, noted ``every`` so many steps; right both covariances, entry by entry."""
    figure, (left, right) = new_figure(columns=2)
    with style():
        left.axhline(0, color=BLACK, linestyle="--", label="log evidence of the target")
        left.plot(
            range(every, every * len(history) + 1, every),
            list(history),
            color=BLUE,
            label="ELBO estimate",
        )
        left.set(title="Climbing", xlabel="step", ylabel="nats", ylim=(-2.5, 0.4))
        left.legend(fontsize=8, loc="lower right")
        low, high = float(target.min()), float(target.max())
        right.plot([low, high], [low, high], color=GREY, linestyle="--", label="equal")
        right.plot(
            target.flatten(), fitted.flatten(), "o", color=RED, label="one entry of the covariance"
        )
        right.set(title="Covariance", xlabel="of the target", ylabel="of your q")
        right.legend(fontsize=8)
    return figure
