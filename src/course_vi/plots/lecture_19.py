"""Figures of lecture 19, Bits back: coloured numbers, bins, what they cost, and the digits in bytes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor
from torch.distributions import Normal

from course_vi.plots.style import (
    BLACK,
    BLUE,
    EXACT,
    GREEN,
    GREY,
    ORANGE,
    PALE_BLUE,
    PALE_GREEN,
    PALE_ORANGE,
    QUIET,
    RED,
    SKY,
    new_figure,
    style,
)

__all__ = ["chain", "coloured_numbers", "on_bins", "price_of_bins", "sizes", "two_orders", "worth"]

PALE = (PALE_ORANGE, PALE_BLUE, PALE_GREEN)


def coloured_numbers(patterns: Mapping[str, str], count: int = 16) -> Figure:
    """The whole numbers from 0, coloured by a pattern that repeats, each with its place among those of its colour.

    Args:
        patterns: ``{what is coded: its symbols in a row}``; a symbol's share of the pattern is its probability.
    """
    figure, axes = new_figure(rows=len(patterns), width=8.0, height=1.15)
    with style():
        for ax, (title, pattern) in zip(axes, patterns.items(), strict=True):
            kinds, seen = sorted(set(pattern)), dict.fromkeys(pattern, 0)
            for n in range(count):
                kind = pattern[n % len(pattern)]
                row = kinds.index(kind)
                ax.add_patch(
                    Rectangle((n - 0.5, -0.5), 1, 1, facecolor=PALE[row], edgecolor=GREY, lw=0.8)
                )
                ax.text(n, 0.12, str(n), ha="center", va="center", fontsize=11)
                ax.text(n, -0.3, f"{kind}, no. {seen[kind]}", ha="center", fontsize=6.5, color=QUIET)  # fmt: skip
                seen[kind] += 1
            ax.set(title=title, xlim=(-0.6, count - 0.4), ylim=(-0.55, 0.55))
            ax.axis("off")
    return figure


def on_bins(loc: float, scale: float, precisions: Sequence[int]) -> Figure:
    """q of one latent, and its mass on 2^precision bins of equal mass under N(0, 1), a panel for each precision."""
    figure, axes = new_figure(columns=len(precisions), width=3.1, height=2.9, sharey=True)
    prior, q = Normal(0.0, 1.0), Normal(loc, scale)
    line = torch.linspace(-3, 3, 400)
    with style():
        for ax, precision in zip(axes, precisions, strict=True):
            share = torch.arange(1, 2**precision) / 2**precision
            edges = torch.cat([torch.tensor([-3.0]), prior.icdf(share), torch.tensor([3.0])])
            mass = q.cdf(edges).diff()
            ax.bar(
                edges[:-1].tolist(),
                (mass / edges.diff()).tolist(),
                edges.diff().tolist(),
                align="edge",
                color=SKY,
                alpha=0.45,
                edgecolor=GREY,
                linewidth=0.4,
            )
            ax.plot(line, prior.log_prob(line).exp(), color=BLACK, linestyle="--", linewidth=1.2)
            ax.plot(line, q.log_prob(line).exp(), color=BLUE)
            ax.set(title=f"{2**precision} bins", xlabel="$z$", xlim=(-3, 3))
        for ax in axes:
            ax.set_ylabel("density; mass over width" if ax is axes[0] else " ")
        top, side = float(q.log_prob(torch.tensor(loc)).exp()), -1 if loc > 0 else 1
        away = "right" if side < 0 else "left"
        at = loc + side * 1.2 * scale
        axes[0].text(at, 0.9 * top, r"$q(z \mid x)$", color=BLUE, fontsize=10, ha=away)
        axes[0].text(2.2 * side, 0.16 * top, r"$p(z)$", fontsize=10, ha="center")
        figure.suptitle("Bins of equal prior mass: narrow where the prior is high", fontsize=11)
    return figure


def price_of_bins(precisions: Sequence[int], net: Tensor, initial: Tensor, ideal: Tensor) -> Figure:
    """Net and initial bits over the logarithm of the number of bins: ``(P, seeds)`` each; ideal: minus the ELBO, ``(seeds,)``."""
    figure, (left, right) = new_figure(columns=2, width=4.3, height=3.3)
    with style():
        left.plot(precisions, net, color=GREY, linewidth=0.8)
        left.plot(precisions, net.mean(1), "o-", color=BLUE)
        left.axhline(float(ideal.mean()), color=EXACT, linestyle="--", linewidth=1.3)
        left.text(precisions[0], float(ideal.mean()) - 0.2, "minus the ELBO", ha="left", va="top")
        left.set(title="Coarse bins cost net bits", ylabel="net bits per image")
        left.set_ylim(float(ideal.min()) - 1.2, float(net.max()) + 0.7)
        right.plot(precisions, initial, color=GREY, linewidth=0.8)
        right.plot(precisions, initial.mean(1), "o-", color=ORANGE)
        right.set(title="Fine bins cost initial bits, once", ylabel="bits lent to the first image")
        right.set_ylim(0, None)
        for ax in (left, right):
            ax.set(xlabel=r"$\log_2$ of the number of bins of a latent", xticks=list(precisions))
    return figure


def chain(counts: Tensor, curves: Mapping[str, Tensor]) -> Figure:
    """Bytes per image over the number of images in one message: ``{coder: (n,)}``."""
    figure, (ax,) = new_figure(width=6.6, height=3.8)
    colours = dict(zip(curves, (BLUE, RED, GREEN, ORANGE, BLACK), strict=False))
    with style():
        for name, values in curves.items():
            ax.loglog(counts, values, color=colours[name])
            flat = bool((values == values[0]).all())  # on the right, where curves have fallen below
            place, side = (-1, "right") if flat else (len(counts) // 3, "left")
            if name == next(iter(curves)):  # the lowest curve is named below it
                at, rise, side = float(counts[place]) / 1.1, 0.8, "right"
            else:
                at, rise = float(counts[place]) * (1.0 if flat else 1.06), 1.06
            ax.text(at, rise * float(values[place]), name, color=colours[name], fontsize=9, ha=side)
        ax.set(title="The first image pays for the others", xlabel="images in one message")
        ax.set(ylabel="bytes per image", yticks=[3, 5, 10, 20, 50], yticklabels=[3, 5, 10, 20, 50])
        ax.minorticks_off()
    return figure


def sizes(bars: Mapping[str, float], ours: Collection[str], line: float) -> Figure:
    """Bytes for all images, by coder, the largest on top; a line where the forecast lies."""
    figure, (ax,) = new_figure(width=7.0, height=0.5 + 0.34 * len(bars))
    ordered = sorted(bars.items(), key=lambda item: item[1])
    with style():
        for row, (name, size) in enumerate(ordered):
            ax.barh(row, size, color=BLUE if name in ours else GREY, alpha=0.8, height=0.7)
            ax.text(size + 15, row, f"{size:,.0f}", va="center", fontsize=9)
        ax.axvline(line, color=EXACT, linestyle="--", linewidth=1.2)
        ax.set(yticks=range(len(ordered)), yticklabels=[name for name, _ in ordered])
        ax.set(xlabel="bytes (dashed: forecast from the ELBO)", ylabel=" ")
        ax.set(title="297 digits in one file", xlim=(0, 1.12 * ordered[-1][1]))
        ax.grid(False, axis="y")
    return figure


def worth(rows: Mapping[str, Tensor]) -> Figure:
    """Differences in bytes, each with its seeds and its mean ± 2 standard errors: ``{what is compared: (seeds,)}``."""
    figure, (ax,) = new_figure(width=7.0, height=0.9 + 0.45 * len(rows))
    with style():
        for row, values in enumerate(reversed(list(rows.values()))):
            mean, error = float(values.mean()), float(values.std()) / len(values) ** 0.5
            ax.plot(values, torch.full_like(values, row), "o", color=GREY, markersize=4)
            ax.errorbar(mean, row - 0.22, xerr=2 * error, fmt="s", color=BLUE, markersize=5)
        ax.axvline(0.0, color=EXACT, linewidth=1.0)
        ax.set(yticks=range(len(rows)), yticklabels=list(reversed(list(rows))), ylabel=" ")
        ax.set(xlabel="bytes more than the pair trained by the ELBO, for 297 images (dots: seeds)")
        ax.set(
            title="A tighter bound in training costs a coder of one $z$ bytes",
            ylim=(-0.6, len(rows) - 0.5),
        )
    return figure


def two_orders(steps: Mapping[str, tuple[Sequence[str], Tensor]]) -> Figure:
    """The stack's height against where it began, operation by operation: ``{order: (operations, mean heights)}``."""
    figure, axes = new_figure(columns=len(steps), width=4.3, height=3.5, sharey=True)
    with style():
        for ax, (title, (names, heights)) in zip(axes, steps.items(), strict=True):
            levels = [0.0, *heights.tolist()]
            for k, name in enumerate(names):
                down = levels[k + 1] < levels[k]
                low, high = sorted(levels[k : k + 2])
                ax.bar(k, high - low, bottom=low, width=0.75, color=GREEN if down else BLUE, alpha=0.7)  # fmt: skip
                ax.text(k, high + 2, name, ha="center", fontsize=8)
            ax.axhline(0.0, color=EXACT, linewidth=1.0)
            lowest = min(levels)
            ax.axhline(lowest, color=ORANGE, linestyle=":")
            ax.text(len(names) - 0.5, lowest + 2, f"{-lowest:.0f} bits lent", ha="right", fontsize=9)  # fmt: skip
            ax.set(title=title, xlabel="operation", xticks=[])
            ax.set(ylabel="bits on the stack, from its start" if ax is axes[0] else " ")
        low, high = axes[0].get_ylim()
        axes[0].set_ylim(low - 8, high + 12)
    return figure
