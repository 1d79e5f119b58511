"""More figures of lecture 18: meeting times with heavy tails, and the price of an estimate without bias."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from matplotlib.figure import Figure
from torch import Tensor

from course_vi.plots.style import (
    BLUE,
    BROWN,
    EXACT,
    GREEN,
    ORANGE,
    QUIET,
    RED,
    new_figure,
    style,
)

__all__ = ["price", "proposal_tails"]

MARKS = "exact (line), measured (dots) ± 2 standard errors"
WORDS = {BLUE: BLUE, GREEN: GREEN, ORANGE: BROWN, RED: RED, EXACT: EXACT}


def proposal_tails(tails: Mapping[str, Tensor], shares: Mapping[str, Tensor], runs: int) -> Figure:
    """P(tau > t) on two log axes, for proposals of several widths: exact, ``{name: (T)}`` from t = 1, and measured shares."""
    figure, (ax,) = new_figure(width=6.6, height=3.8)
    with style():
        for (name, tail), colour in zip(tails.items(), (BLUE, GREEN, ORANGE, RED), strict=False):
            steps = torch.arange(1, len(tail) + 1)
            ax.loglog(steps, tail, color=colour, linewidth=1.5)
            share = shares[name]
            chosen = torch.tensor([int(1.6**k) for k in range(2, 14)])
            chosen = chosen[chosen <= len(share)].unique()
            chosen = chosen[share[chosen - 1] * runs >= 10]
            error = (share * (1 - share) / runs).sqrt()[chosen - 1]
            ax.errorbar(chosen, share[chosen - 1], yerr=2 * error, fmt="o", color=colour, markersize=4, capsize=2)  # fmt: skip
            seen = tail > 2e-5
            end = int(seen.sum()) - 1
            inside = end < len(tail) - 1
            ax.text(
                1.08 * float(steps[end]) if not inside else float(steps[end]) * 1.05,
                float(tail[end]) * (1.0 if not inside else 1.6),
                name,
                color=WORDS[colour],
                fontsize=10,
                va="center",
            )
        ax.text(0.97, 0.93, MARKS, color=QUIET, fontsize=9, ha="right", transform=ax.transAxes)  # fmt: skip
        ax.set(title="A proposal narrower than the posterior has a power law for a tail")
        ax.set(xlabel="step $t$", ylabel=r"$P(\tau > t)$", ylim=(2e-5, 1.6))
        ax.set_xlim(1, 2 * max(len(tail) for tail in tails.values()))
    return figure


def price(
    burn_ins: Tensor,
    exact: Tensor,
    measured: tuple[Tensor, Tensor, Tensor],
    lengths: Tensor,
    averaged: Tensor,
    ordinary: float,
) -> Figure:
    """Variance times cost: over the burn-in k of single states, and over the number of states that are averaged.

    Args:
        burn_ins, exact: ``(n)`` each.
        measured: at some k: k, the product, and its standard error.
        lengths, averaged: states averaged, ``(m)``; the product and its standard error, ``(m, 2)``.
        ordinary: what a chain in equilibrium pays for each step, its asymptotic variance.
    """
    figure, (left, right) = new_figure(columns=2, width=4.5, height=3.4)
    with style():
        left.semilogy(burn_ins, exact, color=EXACT)
        at, product, error = measured
        left.errorbar(at, product, yerr=2 * error, fmt="o", color=BLUE, capsize=3, markersize=5)
        best = int(exact.argmin())
        left.annotate(
            f"least at $k$ = {int(burn_ins[best])}",
            (float(burn_ins[best]), float(exact[best])),
            (float(burn_ins[best]), 2.6 * float(exact[best])),
            ha="center",
            arrowprops={"arrowstyle": "->", "color": QUIET},
            fontsize=9,
        )
        left.text(0.97, 0.93, MARKS, color=QUIET, fontsize=9, ha="right", transform=left.transAxes)  # fmt: skip
        left.set(title="One state a run: wait, but not for ever", xlabel="burn-in $k$")
        left.set(ylabel="variance times cost")
        right.errorbar(lengths, averaged[:, 0], yerr=2 * averaged[:, 1], fmt="o-", color=BLUE, markersize=5, capsize=3)  # fmt: skip
        right.set(xscale="log", yscale="log")
        right.axhline(ordinary, color=EXACT, linestyle="--", linewidth=1.3)
        right.text(float(lengths[0]), 0.93 * ordinary, "one long chain, burn-in free of charge", fontsize=9, va="top")  # fmt: skip
        right.set(title="Averaged, the price of no bias fades", xlabel="states averaged, $m - k + 1$")  # fmt: skip
        right.set(ylabel="variance times cost", ylim=(0.6 * ordinary, None))
    return figure
