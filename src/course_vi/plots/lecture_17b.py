"""More figures of lecture 17: the Nile with gaps, what particles know of the past, and what it costs to infer the start alone."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from matplotlib.figure import Figure
from torch import Tensor

from course_vi.plots.style import (
    BLUE,
    EXACT,
    GREEN,
    GREY,
    PINK,
    PLUM,
    QUIET,
    RED,
    new_figure,
    style,
)

__all__ = ["ancestors", "nile", "start_only"]

PLUM = PLUM  # words about what is pink


def nile(years: Tensor, flow: Tensor, bands: Mapping[str, tuple[Tensor, Tensor]]) -> Figure:
    """Yearly flows (NaN where taken out) and the filtered level, ``{name: (mean, standard deviation)}``, exact first."""
    figure, (ax,) = new_figure(width=8.0, height=3.4)
    (mean, scale), (other, other_scale) = bands.values()
    with style():
        ax.fill_between(
            years, mean - 2 * scale, mean + 2 * scale, color=GREY, alpha=0.3, linewidth=0
        )
        ax.plot(years, mean, color=EXACT, linewidth=1.4)
        ax.plot(years, other, color=BLUE, linewidth=1.4)
        for side in (-2, 2):
            ax.plot(years, other + side * other_scale, color=BLUE, linewidth=0.9, linestyle="--")
        ax.plot(years, flow, ".", color=GREEN, markersize=5)
        for place, words, colour in (
            (1.0, "exact (area: two standard deviations)", EXACT),
            (0.93, "1,000 particles", BLUE),
            (0.86, "yearly flow", GREEN),
        ):
            ax.text(0.5, place, words, color=colour, fontsize=9, transform=ax.transAxes, va="top")
        ax.set(title="In a gap the particles spread, and nothing is weighed", xlabel="year")
        ax.set(ylabel=r"level of the Nile ($10^8$ m$^3$)")
    return figure


def ancestors(neutral: Tensor, counts: Tensor, errors: Mapping[str, Tensor]) -> Figure:
    """How many ancestors are left, and what that does to a smoother.

    Args:
        neutral: expected with equal weights, ``(T,)``; ``counts``: of R runs, ``(R, T)``.
        errors: mean squared error of the smoothed mean, ``{"by ancestors": (T,), "backwards": (T,)}``.
    """
    figure, (left, right) = new_figure(columns=2, width=4.6, height=3.4)
    steps = torch.arange(1, len(neutral) + 1)
    with style():
        left.semilogy(steps, counts.mT, color=BLUE, linewidth=0.7, alpha=0.6)
        left.semilogy(steps, neutral, color=EXACT, linestyle="--")
        middle = int(0.45 * len(steps))
        left.text(
            float(steps[middle]),
            1.35 * float(neutral[middle]),
            "equal weights, exact",
            ha="right",
            color=EXACT,
            fontsize=9,
        )
        left.text(2.0, 1.25 * float(counts[:, 0].max()), "ten runs", color=BLUE, fontsize=9)
        left.set(
            title="The past of 200 particles", xlabel="step $t$", ylabel="different values of $z_t$"
        )
        early = len(steps) // 3
        for (name, values), colour in zip(errors.items(), (RED, BLUE), strict=True):
            right.semilogy(steps, values, color=colour)
            first = values[:early]
            high = 0.45 * first.min() if colour == RED else 1.5 * first.max()
            right.text(float(steps[early // 2]), float(high), name, color=colour, fontsize=9)
        right.set(title="Walked backwards, the early error stays small", xlabel="step $t$")
        right.set(ylabel="mean squared error of E$[z_t | x]$")
    return figure


def start_only(gaps: Mapping[float, Tensor]) -> Figure:
    """Gap of a family that infers the first state alone, over T: ``{noise variance: (series, T)}``."""
    figure, (ax,) = new_figure(width=6.2, height=3.5)
    with style():
        for (noise, values), colour, words in zip(
            gaps.items(), (PINK, RED), (PLUM, RED), strict=True
        ):
            steps = torch.arange(2, values.shape[-1] + 1)
            ax.semilogy(steps, values.mT[1:], color=colour, linewidth=0.5, alpha=0.5)
            ax.semilogy(steps, values.mean(0)[1:], color=colour, linewidth=2.4)
            high = float(values[:, -1].log().mean().exp())
            ax.text(1.02 * float(steps[-1]), high, f"noise 1/{1 / noise:.0f}", color=words, fontsize=9, va="center")  # fmt: skip
        ax.text(0.45, 0.06, "every move inferred: zero, below the axis", color=BLUE, fontsize=9, transform=ax.transAxes)  # fmt: skip
        ax.set(xlim=(0, 1.2 * float(steps[-1])))
        ax.set(title="What is not inferred is paid for, step by step", xlabel="length $T$")
        ax.set(ylabel=r"$\log p(x)$ $-$ best ELBO (nats)")
        ax.tick_params(colors=QUIET)
    return figure
