"""Figures of lecture 17, Sequences: estimates of the evidence, how they scatter, and who survives."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from matplotlib.figure import Figure
from torch import Tensor

from course_vi.plots.style import BLACK, BLUE, EXACT, GREEN, GREY, QUIET, RED, new_figure, style

__all__ = ["combs", "estimates", "growth", "proposals"]


def estimates(panels: Mapping[int, Tensor]) -> Figure:
    """Histograms of log Z-hat less log p(x), ``{N: (R,)}``, with the mean of the logarithms and the logarithm of the mean."""
    figure, axes = new_figure(columns=len(panels), width=3.4, height=3.2, sharex=True)
    low = min(float(values.quantile(0.01)) for values in panels.values())
    high = max(float(values.quantile(0.999)) for values in panels.values())
    with style():
        for ax, (count, values) in zip(axes, panels.items(), strict=True):
            ax.hist(values.clamp(low, high).tolist(), bins=60, range=(low, high), density=True, color=GREY, alpha=0.5)  # fmt: skip
            log_mean = float(values.exp().mean().log())
            ax.axvline(log_mean, color=BLUE, linewidth=2.2)
            ax.axvline(float(values.mean()), color=RED, linestyle="--")
            ax.set(
                title=f"N = {count}", xlabel=r"$\log \hat Z - \log p(x)$ (nats)", ylabel="density"
            )
        for height, words, colour in (
            (0.92, r"log of the mean of $\hat Z$", BLUE),
            (0.82, r"mean of $\log \hat Z$", RED),
        ):
            axes[0].text(0.03, height, words, color=colour, fontsize=9, transform=axes[0].transAxes)
        top = axes[0].get_ylim()[1]
        axes[0].set_ylim(0, 1.4 * top)
        figure.suptitle("The mean is right, its logarithm's is not", fontsize=11)
    return figure


def growth(whole: Tensor, filtered: Tensor, lengths: Tensor, measured: Tensor) -> Figure:
    """Relative variances over the length of a series.

    Args:
        whole, filtered: of N whole paths and of a filter with N = 1,000 particles, ``(series, T)``.
        lengths, measured: N times the variance of log Z-hat, ``(n,)`` and ``(n, some series)``, of the first series.
    """
    figure, (left, right) = new_figure(columns=2, width=4.6, height=3.5)
    steps = torch.arange(1, whole.shape[-1] + 1)
    with style():
        for values, colour in ((whole, RED), (filtered, BLUE)):
            left.semilogy(steps, values.mT, color=colour, linewidth=0.6, alpha=0.45)
            left.semilogy(steps, values.log().mean(0).exp(), color=colour, linewidth=2.4)
        left.axhline(1.0, color=GREY, linestyle=":", linewidth=1.2)
        for values, words, colour, lift in (
            (whole, "whole paths", RED, 30.0),
            (filtered, "filter", BLUE, 0.05),
        ):
            at = int(0.55 * len(steps))
            left.text(
                float(steps[at]),
                lift * float(values[:, at].median()),
                words,
                color=colour,
                ha="right" if lift > 1 else "left",
            )
        left.set(title="Paths die exponentially", xlabel="length $T$")
        left.set(ylabel=r"relative variance of $\hat Z$, $N$ = 1,000")
        for row, curve in enumerate(filtered):
            chosen = row < measured.shape[-1]
            right.plot(
                steps,
                1000 * curve,
                color=GREEN if chosen else GREY,
                linewidth=1.2 if chosen else 0.6,
                alpha=0.9 if chosen else 0.6,
            )
        right.plot(steps, 1000 * filtered.mean(0), color=BLUE, linewidth=2.6)
        for row in range(measured.shape[-1]):
            right.plot(lengths, measured[:, row], "o", color=GREEN, markersize=5)
        top = float(1000 * filtered.max())
        right.text(2, 0.93 * top, "average of twenty series", color=BLUE, fontsize=9)
        right.text(2, 0.85 * top, "three of them, and measured", color=GREEN, fontsize=9)
        right.set(title="The filter's variance is linear, on average", xlabel="length $T$")
        right.set(ylabel=r"$N$ $\times$ relative variance")
    return figure


def combs(weights: Tensor, places: Mapping[str, Tensor]) -> Figure:
    """Weights stacked along a bar, with the cuts of each scheme: ``{scheme: (N,)}``."""
    figure, (ax,) = new_figure(width=7.0, height=2.9)
    edges = torch.cat([torch.zeros(1, dtype=weights.dtype), weights.cumsum(0)])
    count = len(weights)
    with style():
        for row, (scheme, cuts) in enumerate(reversed(list(places.items()))):
            for k in range(count):
                ax.barh(
                    row,
                    float(weights[k]),
                    left=float(edges[k]),
                    height=0.5,
                    color=GREY,
                    alpha=0.25 if k % 2 else 0.6,
                    linewidth=0,
                )
            ax.plot(
                cuts, torch.full_like(cuts, row), "|", color=RED, markersize=26, markeredgewidth=2
            )
            ax.text(-0.02, row, scheme, ha="right", va="center", fontsize=10)
        for k in range(count + 1):
            ax.axvline(k / count, color=BLUE, linestyle=":", linewidth=0.8)
        ax.set(title="Eight cuts pick eight parents", xlabel="cumulated weight (dotted: eighths)")
        ax.set(ylabel=" ", yticks=[], xlim=(-0.2, 1.01), ylim=(-0.5, len(places) - 0.5))
        ax.set_xticks([0, 0.25, 0.5, 0.75, 1])
        ax.grid(False)
    return figure


def proposals(spread: Mapping[str, Tensor], floor: float = 1e-4) -> Figure:
    """Variance of log Z-hat on each of several series, a column for each proposal; below ``floor`` it is drawn there."""
    figure, (ax,) = new_figure(width=6.4, height=3.5)
    with style():
        for column, values in enumerate(spread.values()):
            shown = values.clamp_min(floor)
            offsets = column + 0.25 * (torch.linspace(0, 1, len(shown)) - 0.5)
            none = bool(values.max() < floor)
            ax.semilogy(offsets, shown, "v" if none else "o", color=EXACT if none else BLUE, markersize=5, clip_on=False)  # fmt: skip
            if not none:
                ax.plot(
                    [column - 0.2, column + 0.2], [float(values.mean())] * 2, color=RED, linewidth=2
                )
            else:
                ax.text(column, 1.6 * floor, "zero", ha="center", color=BLACK, fontsize=9)
        ax.text(
            0.35,
            float(next(iter(spread.values())).mean()),
            "mean",
            color=RED,
            fontsize=9,
            va="center",
        )
        ax.set(
            title="One look helps; all looks are perfect, unless one resamples", xlabel="proposal"
        )
        ax.set(ylabel=r"variance of $\log \hat Z$ (20 particles)", xticks=range(len(spread)))
        ax.set_xticklabels([name.replace(", ", ",\n") for name in spread])
        ax.set(xlim=(-0.5, len(spread) - 0.4), ylim=(floor, None))
        ax.tick_params(axis="x", colors=QUIET)
    return figure
