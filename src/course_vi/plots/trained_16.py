"""What trained networks of sets and functions keep, and what they fall short of: statistics, several targets, places, calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor

from course_vi.plots.primitives import label_ends
from course_vi.plots.style import (
    BLUE,
    EXACT,
    GREEN,
    GREY,
    QUIET,
    new_figure,
    style,
)

__all__ = [
    "coverages",
    "shortfalls",
    "shortfalls_by_context",
    "statistics_found",
    "where_it_fails",
]

TOLD = {"conditional": BLUE}
TOGETHER = {
    "exact, each alone": EXACT,
    "conditional": BLUE,
    "conditional, fed back": GREEN,
}


def _of_seeds(values: Tensor) -> tuple[Tensor, Tensor]:
    """Mean over the last axis, the seeds, and its standard error."""
    return values.mean(-1), values.std(-1) / values.shape[-1] ** 0.5


def statistics_found(c: Tensor, mean: Tensor, log_spread: Tensor) -> Figure:
    """The two numbers that a neural statistician keeps of a set, ``(n, 2)``, coloured by the set's own mean and log spread, ``(n,)``."""
    figure, axes = new_figure(columns=2, width=4.3, height=3.5, sharey=True)
    with style():
        for ax, values, name in (
            (axes[0], mean, "mean of the set"),
            (axes[1], log_spread, "log of its spread"),
        ):
            dots = ax.scatter(c[:, 0], c[:, 1], c=values, s=12, cmap="cividis")
            ax.set(title=f"Coloured by the {name}", xlabel="$c_1$", ylabel="$c_2$")
            bar = figure.colorbar(dots, ax=ax, shrink=0.85)
            bar.ax.set(title=" ", xlabel=" ", ylabel=name)
    return figure


def shortfalls(targets: Tensor, short: Mapping[str, Tensor]) -> Figure:
    """Nats short of the exact process's score of all targets together, over their number.

    Args:
        targets: ``(n,)``.
        short: ``{way: (n, seeds)}``, of ``TOGETHER``.
    """
    figure, (ax,) = new_figure(width=6.4, height=3.7)
    with style():
        ends = {}
        for name, values in short.items():
            mean, error = _of_seeds(values)
            colour = TOGETHER[name]
            line = "--" if colour == EXACT else "-"
            ax.errorbar(targets, mean, error, color=colour, linestyle=line, marker="o", markersize=4, capsize=2)  # fmt: skip
            ends[name] = (float(targets[-1]), float(mean[-1]), colour)
        last = float(targets[-1])
        ax.set(title="Targets that ignore each other fall behind", xlabel="number of targets")
        ax.set(ylabel="nats short of the exact joint score", xlim=(0, 1.55 * last))
        ax.set(ylim=(0, None), xticks=targets.tolist())
        label_ends(ax, ends, 0.06 * ax.get_ylim()[1], 0.05 * last)
    return figure


def shortfalls_by_context(given: Tensor, short: Mapping[str, Tensor], largest: float) -> Figure:
    """Nats short of the exact process for each target, over the number of points given.

    Args:
        given: ``(n,)``.
        short: ``{way: (n, seeds)}``.
        largest: context in training, after which the page is grey.
    """
    figure, (ax,) = new_figure(width=6.0, height=3.4)
    with style():
        ends, last = {}, float(given[-1])
        for name, values in short.items():
            mean, error = _of_seeds(values)
            ax.errorbar(given, mean, error, color=TOLD[name], marker="o", markersize=4, capsize=2)
            ends[name] = (last, float(mean[-1]), TOLD[name])
        ax.axvspan(1.1 * largest, 1.3 * last, color=GREY, alpha=0.15, linewidth=0)
        ax.set(title="The more there is to know, the more is missed", xlabel="points given")
        ax.set(ylabel="nats short, for each target", xlim=(-0.5, 1.3 * last), ylim=(0, None))
        ax.set_xticks([float(n) for n in given if n != 1])
        ax.text(1.15 * largest, 0.03 * ax.get_ylim()[1], "never in training", color=QUIET, fontsize=9)  # fmt: skip
        label_ends(ax, ends, 0.07 * ax.get_ylim()[1], 0.04 * last)
    return figure


def where_it_fails(
    regions: Sequence[str], short: Mapping[str, Tensor], scales: Mapping[str, Tensor]
) -> Figure:
    """By where the target lies: nats short of the exact process for each target, and predicted over exact standard deviation.

    Args:
        short, scales: ``{way: (regions, seeds)}``.
    """
    figure, axes = new_figure(columns=2, width=4.9, height=3.5)
    panels = (
        (axes[0], short, "How much is lost", "nats short, for each target"),
        (axes[1], scales, "Too wide (above 1) or too narrow", "predicted over exact deviation"),
    )
    with style():
        for ax, values, title, label in panels:
            for name, found in values.items():
                mean, error = _of_seeds(found)
                at = torch.arange(len(regions))
                ax.errorbar(at, mean, error, fmt="o", color=TOLD[name], capsize=3, label=name)
            ax.set(title=title, ylabel=label, xlabel="where the target lies", ylim=(0, None))
            ax.set_xticks(range(len(regions)), [name.replace(" the ", " the\n", 1) for name in regions], fontsize=8)  # fmt: skip
            ax.set(xlim=(-0.5, len(regions) - 0.5))
        axes[1].axhline(1, color=EXACT, linestyle="--", linewidth=1)
    return figure


def coverages(
    levels: Tensor, panels: Mapping[str, Mapping[str, Tensor]], exact: Mapping[str, Tensor]
) -> Figure:
    """Share of targets inside central intervals, over the level that was promised; a panel for each place of the targets.

    Args:
        levels: ``(L,)``.
        panels: ``{place: {way: (seeds, L)}}``.
        exact: the exact process's, ``{place: (seeds, L)}``.
    """
    figure, axes = new_figure(columns=len(panels), width=2.9, height=3.1, sharey=True)
    with style():
        for ax, (title, ways) in zip(axes, panels.items(), strict=True):
            ax.plot([0, 1], [0, 1], color=GREY, linewidth=4, alpha=0.4)
            for name, values in (("exact", exact[title]), *ways.items()):
                mean, error = _of_seeds(values.mT)
                colour = EXACT if name == "exact" else TOLD[name]
                ax.errorbar(levels, mean, error, color=colour, linewidth=1.4, marker=".", capsize=2, label=name)  # fmt: skip
            ax.set(title=title, xlabel="promised", ylabel="inside", xlim=(0, 1), ylim=(0, 1))
        axes[0].legend(fontsize=8, loc="upper left")
    return figure
