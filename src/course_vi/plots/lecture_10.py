"""Figures of lecture 10, Tighter bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from course_vi.plots.style import (
    BLACK,
    BLUE,
    BROWN,
    GREEN,
    GREY,
    ORANGE,
    PATH,
    PINK,
    QUIET,
    RED,
    SKY,
    TOTAL,
    new_figure,
    style,
)

__all__ = [
    "all_bounds",
    "gaps",
    "laboratory",
    "resampled",
    "signal_to_noise",
    "thermodynamic",
    "trained",
    "two_climbs",
]

DOUBLY, NAIVE = PATH, ORANGE  # the total derivative and the path as in unit 09
ESTIMATORS = {"total derivative": TOTAL, "doubly reparametrized": DOUBLY, "naive landing": NAIVE}
BOUNDS = {
    "importance-weighted": BLUE,
    "halves": GREEN,
    "jackknife, one term": PINK,
    "Renyi, α = 0.5": RED,
    "Renyi, α = -1": RED,
    "thermodynamic, left": ORANGE,
    "thermodynamic, right": ORANGE,
}


def gaps(counts: Sequence[int], values: Mapping[str, Sequence[float]], halves: Tensor) -> Figure:
    """Gaps below log p(x) over K, and half the variance of the bound for the first of them.

    Args:
        values: ``{q: one gap for each K}``; halves: for the first of the counts, ``(len(counts),)`` or fewer.
    """
    figure, (ax,) = new_figure(width=6.0, height=3.6)
    with style():
        ax.loglog(counts[: len(halves)], halves, "o", color=SKY, markersize=8, alpha=0.7)
        ax.text(1.15, 1.1 * float(halves[0]), "half the variance of the bound", color=BLUE, fontsize=9)  # fmt: skip
        for (name, gap), colour in zip(values.items(), (BLUE, ORANGE), strict=True):
            ax.loglog(counts, gap, color=colour)
            words = BROWN if colour == ORANGE else colour
            low = colour == BLUE
            ax.text(
                counts[-3], gap[-3] * (0.35 if low else 1.5), name, color=words, fontsize=9, ha="center"
            )  # fmt: skip
        _counts(ax, counts)
        ax.set(title="The gap is half a variance, if there is a variance", ylabel="gap (nats)")
    return figure


def all_bounds(
    counts: Sequence[int],
    curves: Mapping[str, Sequence[float]],
    errors: Mapping[str, Sequence[float]],
) -> Figure:
    """Means of bounds and estimates less log p(x), over K; those that need two samples begin there."""
    figure, (ax,) = new_figure(width=7.2, height=4.4)
    # Where each label stands: beside the right end, or on the curve.
    shown = {name: values for name, values in curves.items() if name in BOUNDS}
    with style():
        ax.plot([counts[0], counts[-1]], [0.0, 0.0], color=BLACK, linewidth=1.4)
        ends: dict[str, float] = {}
        for name, values in shown.items():
            start = 1 if name in ("halves", "jackknife, one term") else 0
            at = list(counts[start : start + len(values)])
            dashed = "--" if name in ("Renyi, α = -1", "thermodynamic, right") else "-"
            if name in errors:
                bars = [2 * error for error in errors[name]]
                ax.errorbar(at, values, bars, color=BOUNDS[name], fmt=f"o{dashed}", markersize=3)
            else:
                ax.plot(at, values, color=BOUNDS[name], linestyle=dashed)
            if start == 0:
                ends[name] = values[-1]
        _beside(ax, counts[-1], ends, 0.085)
        if "jackknife, one term" in shown:
            words = "halves, and below it the jackknife"
            ax.annotate(
                words,
                (4.2, 0.07),
                (16.5, 0.235),
                color=GREEN,
                fontsize=9,
                arrowprops={"arrowstyle": "-", "color": GREEN, "linewidth": 0.8},
            )
        ax.text(1.0, 0.03, r"$\log p(x)$", fontsize=9)
        _counts(ax, counts)
        ax.set(xlim=(0.93, 7.5 * counts[-1]), ylim=(-1.25, 0.55))
        ax.set(
            title="Close is one thing, a bound another",
            ylabel=r"mean less $\log p(x)$ (nats)",
        )
    return figure


def thermodynamic(betas: Tensor, curve: Tensor, grid: Sequence[float]) -> Figure:
    """The curve whose area is the evidence, with left and right sums on a grid of betas; ``betas, curve: (n,)``."""
    figure, (ax,) = new_figure(width=6.0, height=3.6)
    at = [float(curve[int((betas - beta).abs().argmin())]) for beta in grid]
    low, high = float(curve.min()), float(curve.max())
    floor = low - 0.25 * (high - low)
    with style():
        for k, (left, right) in enumerate(zip(grid, grid[1:], strict=False)):
            sides = [left, right]
            ax.fill_between(sides, [at[k + 1]] * 2, [at[k]] * 2, color=ORANGE, alpha=0.35, lw=0)
            ax.fill_between(sides, [at[k]] * 2, floor, color=GREY, alpha=0.2, linewidth=0)
        ax.plot(betas, curve, color=BLACK)
        middle = len(betas) // 2
        ax.text(
            float(betas[middle]),
            float(curve[middle]) + 0.12 * (high - low),
            "read on the right: too high",
            color=BROWN,
            fontsize=9,
            ha="right",
        )
        ax.text(0.55, low, "read on the left: too low", color=QUIET, fontsize=9)
        ax.set(title="The evidence is an area", xlabel=r"$\beta$, from $q$ to the posterior")
        ax.set(
            ylabel=r"$\mathbb{E}_{\pi_\beta}\log w$ (nats)",
            xlim=(0, 1),
            ylim=(floor, high + 0.12 * (high - low)),
        )
    return figure


def resampled(
    z: Tensor, posterior: Tensor, best: Mapping[int, Tensor], kept: Mapping[int, Tensor]
) -> Figure:
    """Log densities over z: the best q for a small and a large K, and what is kept of K draws from one q, beside the posterior.

    Args:
        z, posterior: ``(n,)``, the posterior as a log density, too.
        best, kept: ``{K: (n,)}``; two of the first, up to four of the second.
    """
    figure, (left, right) = new_figure(columns=2, width=4.5, height=3.4)
    colours = (BLUE, SKY, PINK, RED)
    with style():
        for ax in (left, right):
            ax.fill_between(z, posterior.exp(), color=GREY, alpha=0.3, linewidth=0)
        for (count, log_q), colour, at in zip(
            best.items(), (GREEN, BLUE), ((1.6, 1.6), (-3.3, 0.32)), strict=True
        ):
            left.plot(z, log_q.exp(), color=colour)
            left.text(*at, f"best for $K$ = {count}", color=colour, fontsize=9)
        left.text(-3.3, 0.9, "posterior", color=QUIET, fontsize=9)
        for row, (count, log_q) in enumerate(kept.items()):
            right.plot(z, log_q.exp(), color=colours[row])
            right.text(-3.3, 0.9 - 0.1 * row, f"$K$ = {count}", color=colours[row], fontsize=9)
        left.set(title="Twenty samples want a wide q", xlabel="$z$", ylabel="density")
        right.set(title="What is kept of K draws from it", xlabel="$z$", ylabel="density")
        for ax in (left, right):
            ax.set(xlim=(-3.5, 3.5))
        right.set(ylim=(0, 1.05))
    return figure


def signal_to_noise(counts: Sequence[int], ratios: Mapping[str, Tensor]) -> Figure:
    """Signal to noise over K for several gradients, ``{name: (seeds, len(counts))}``."""
    figure, (ax,) = new_figure(width=6.6, height=3.8)
    colours = {"φ, total derivative": TOTAL, "φ, doubly reparametrized": DOUBLY, "θ": GREEN}
    with style():
        for name, values in ratios.items():
            mean, error = values.mean(0), values.std(0) / len(values) ** 0.5
            ax.errorbar(counts, mean, 2 * error, color=colours[name], marker="o", markersize=4)
            ax.text(1.2 * counts[-1], float(mean[-1]), name, color=colours[name], fontsize=9, va="center")  # fmt: skip
            power = -0.5 if "total" in name else 0.5
            guide = float(mean[2]) * (torch.tensor(counts[2:]) / counts[2]) ** power
            ax.plot(counts[2:], 1.25 * guide, color=GREY, linestyle=":", linewidth=1.2)
        ax.set(yscale="log")
        _counts(ax, counts)
        ax.set(xlim=(0.9, 14 * counts[-1]))
        ax.set(
            title=r"More samples: good for θ, bad for φ, unless reparametrized again",
            ylabel="signal to noise (dotted: slopes ±1/2)",
        )
    return figure


def two_climbs(climbs: Mapping[str, Tensor]) -> Figure:
    """Exact gaps of a bound while q climbs by two gradients, ``{name: (looks, 3, runs)}``, the gap last of the three."""
    figure, (ax,) = new_figure(width=6.4, height=3.5)
    with style():
        for name, path in climbs.items():
            steps = 50 * torch.arange(len(path))
            colour = ESTIMATORS[name]
            for gap in path[:, 2].T:
                ax.plot(steps, gap, color=colour, linewidth=1.0, alpha=0.8)
            words = BROWN if colour == ORANGE else colour
            end = float(path[-1, 2].mean())
            ax.text(1.02 * float(steps[-1]), end, name, color=words, fontsize=9, va="center")
        ax.set(title="The naive landing stays at the mode", xlabel="step")
        ax.set(
            ylabel="gap of the bound of 20 samples (nats)",
            xlim=(0, max(1.0, 1.5 * float(steps[-1]))),
        )
        ax.set(ylim=(0, None))
        ax.set_xticks([tick for tick in ax.get_xticks() if 0 <= tick <= float(steps[-1])])
    return figure


def laboratory(sheet: Mapping[tuple[int, str], tuple[Tensor, float]]) -> Figure:
    """Histograms of gradients with the exact one, ``{(K, estimator): (replicates, exact)}``, a row for each K."""
    counts = list(dict.fromkeys(count for count, _ in sheet))
    names = list(dict.fromkeys(name for _, name in sheet))
    figure, axes = new_figure(columns=len(names), rows=len(counts), width=3.1, height=2.3)
    with style():
        for row, count in enumerate(counts):
            mine = [sheet[count, name][0] for name in names]
            low = float(min(g.quantile(0.005) for g in mine))
            high = float(max(g.quantile(0.995) for g in mine))
            for column, name in enumerate(names):
                ax, (g, exact) = axes[row * len(names) + column], sheet[count, name]
                bins = torch.linspace(low, high, 61).tolist()
                share = torch.full_like(g, 1.0 / len(g))
                ax.hist(g.tolist(), bins=bins, weights=share.tolist(), color=ESTIMATORS[name], alpha=0.75)  # fmt: skip
                ax.axvline(exact, color=BLACK, linestyle="--", linewidth=1.4)
                ax.set(title=f"$K$ = {count}: {name}", xlabel="gradient of $m$", ylabel="share")
                ax.set_ylim(0, 1.4 * ax.get_ylim()[1])
                words = (
                    f"mean {float(g.mean()):.3f}\nexact {exact:.3f}\nspread {float(g.std()):.3f}"
                )
                ax.text(0.97, 0.95, words, transform=ax.transAxes, ha="right", va="top", fontsize=8)
    return figure


def trained(names: Sequence[str], scores: Mapping[str, Sequence[Tensor]]) -> Figure:
    """Models trained in two ways, at one or several lengths: one number for each seed, and lines between the two of a seed.

    Args:
        names: first way, second way, and again for the next length.
        scores: ``{what: one (seeds,) for each name}``.
    """
    figure, (ax,) = new_figure(width=6.8, height=3.8)
    with style():
        last = float("inf")
        for (what, values), colour in zip(scores.items(), (BLACK, BLUE, GREEN), strict=True):
            for place in range(0, len(names), 2):
                ends = torch.stack(list(values[place : place + 2]))
                for pair in ends.T:
                    ax.plot([place, place + 1], pair, "o-", color=colour, lw=0.9, ms=4, alpha=0.6)
            last = min(float(values[-1].mean()), last - 0.3)
            ax.text(len(names) - 0.85, last, what, color=colour, fontsize=9, va="center")
        ax.set_xticks(range(len(names)), labels=[name.replace(", ", ",\n") for name in names])
        ax.set(title="Tighter bound, better model, worse ELBO", xlabel="trained by")
        ax.set(ylabel="nats per training image", xlim=(-0.3, len(names) + 0.4))
    return figure


def _counts(ax: Axes, counts: Sequence[int]) -> None:
    ax.set_xscale("log", base=2)
    shown = [count for count in counts if count in (1, 4, 16, 64, 256, 1024)]
    ax.set_xticks(shown, labels=[f"{count:,}" for count in shown])
    ax.set_xticks([], minor=True)
    ax.set_xlabel("number of samples $K$")


def _beside(ax: Axes, end: int, heights: Mapping[str, float], least: float) -> None:
    """Labels at the right ends of curves, from the highest down, apart from each other."""
    last = float("inf")
    for name, height in sorted(heights.items(), key=lambda pair: -pair[1]):
        last = min(height, last - least)
        words = BROWN if BOUNDS[name] == ORANGE else BOUNDS[name]
        ax.text(1.12 * end, last, name, color=words, fontsize=9, va="center")
