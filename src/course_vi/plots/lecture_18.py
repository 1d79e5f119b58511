"""Figures of lecture 18, exact likelihood gradients: two maxima, a chain that forgets, three couplings, and two chains that meet."""

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
    GREY,
    ORANGE,
    POSTERIOR,
    QUIET,
    RED,
    new_figure,
    style,
)

__all__ = [
    "forgetting",
    "meeting_place",
    "survival",
    "three_couplings",
    "two_maxima",
]

MARKS = "exact (line), measured (dots) ± 2 standard errors"


def two_maxima(theta: Tensor, likelihood: Tensor, elbo: Tensor) -> Figure:
    """Mean log p(x) and the mean of the best factorized ELBO over theta, ``(n)`` each, with their highest points."""
    figure, (ax,) = new_figure(width=6.4, height=3.5)
    with style():
        ax.plot(theta, likelihood, color=EXACT)
        ax.plot(theta, elbo, color=RED)
        for values, colour in ((likelihood, EXACT), (elbo, RED)):
            at = int(values.argmax())
            ax.plot([float(theta[at])], [float(values[at])], "o", color=colour, markersize=7)
            ax.axvline(float(theta[at]), color=colour, linewidth=0.8, linestyle=":")
        ax.fill_between(theta, elbo, likelihood, color=GREY, alpha=0.2, linewidth=0)
        right, low = int(0.82 * len(theta)), float(elbo.min())
        ax.text(float(theta[right]), float(likelihood[right]) + 0.05, r"$\log p_\theta(x)$", fontsize=10)  # fmt: skip
        ax.text(float(theta[right]), float(elbo[right]) - 0.12, "best ELBO", color=RED, ha="right", fontsize=10)  # fmt: skip
        middle = 0.5 * float(likelihood[right] + elbo[right])
        ax.text(float(theta[right]) + 0.03, middle, "gap", color=QUIET, fontsize=10)
        ax.set(title="The gap grows with the parameter, and pulls it back", xlabel=r"$\theta$")
        ax.set(ylabel="nats, mean over data", ylim=(low - 0.15, None))
    return figure


def forgetting(biases: Mapping[str, Tensor], rate: float) -> Figure:
    """Bias of a chain's gradient, in absolute value, over its steps, from two starts, beside the slope of an eigenvalue.

    Args:
        biases: ``{start: (T)}``, two of them, the one with the larger bias first.
        rate: the eigenvalue.
    """
    figure, (ax,) = new_figure(width=6.4, height=3.4)
    with style():
        for (name, values), colour, side in zip(biases.items(), (RED, BLUE), (1, -1), strict=True):
            size = values.abs().clamp_min(1e-14)
            ax.semilogy(torch.arange(len(size)), size, "o-", color=colour, markersize=4)
            at = len(size) // 2
            ax.text(
                at + 0.5 * side,
                float(size[at]) * 2.5**side,
                name,
                color=colour,
                fontsize=10,
                ha="left" if side > 0 else "right",
                va="bottom" if side > 0 else "top",
            )
        first = next(iter(biases.values())).abs()
        steps = torch.arange(len(first))
        line = 30_000 * float(first.max()) * rate ** (steps - 1.0)
        ax.semilogy(steps, line, color=QUIET, linestyle="--", linewidth=1.1)
        early = len(first) // 4
        ax.text(early + 0.5, 2.5 * float(line[early]), f"slope of the eigenvalue {rate:.2f}", color=QUIET, fontsize=9)  # fmt: skip
        ax.set(title="A chain forgets its start, and never altogether", xlabel="steps $t$")
        ax.set(ylabel="|bias of the gradient|")
    return figure


def three_couplings(draws: Mapping[str, tuple[Tensor, Tensor]]) -> Figure:
    """Pairs (x, y) under several couplings of the same two laws: ``{name: (x, y)}``, ``(R)`` each; met pairs lie on the diagonal."""
    figure, axes = new_figure(columns=len(draws), width=3.1, height=3.5, sharex=True, sharey=True)
    with style():
        for ax, (name, (x, y)) in zip(axes, draws.items(), strict=True):
            met = x == y
            ax.plot(x[~met], y[~met], ".", color=ORANGE, markersize=3, alpha=0.6)
            ax.plot(x[met], y[met], ".", color=BLUE, markersize=3, alpha=0.6)
            share = float(met.to(torch.float64).mean())
            ax.text(0.96, 0.05, f"equal: {share:.0%}", color=BLUE, fontsize=9, transform=ax.transAxes, ha="right")  # fmt: skip
            ax.set(title=name, xlabel="$x$", ylabel="$y$", aspect="equal")
    return figure


def meeting_place(posterior: Tensor, found: Tensor, errors: Tensor) -> Figure:
    """The posterior of a count beside the law of where two chains met, ``(C)`` each, with the standard errors of the latter."""
    figure, (ax,) = new_figure(width=5.6, height=3.2)
    at = torch.arange(len(posterior), dtype=torch.float64)
    with style():
        ax.bar(at - 0.2, posterior, width=0.38, color=POSTERIOR)
        ax.bar(at + 0.2, found, width=0.38, color=BLUE, yerr=4 * errors, capsize=3)
        top = float(torch.cat([posterior, found]).max())
        for row, (words, colour) in enumerate(
            (("posterior", QUIET), ("where they met", BLUE), ("(± 4 standard errors)", BLUE))
        ):
            ax.text(-0.4, (0.95 - 0.09 * row) * top, words, color=colour, fontsize=10)
        ax.set(title="Where two chains meet is no draw from the posterior")
        ax.set(
            xlabel="coins that are on",
            ylabel="probability",
            ylim=(0, 1.05 * max(top, float((found + 4 * errors).max()))),
        )
        ax.set_xticks(at.tolist())
    return figure


def survival(tails: Mapping[str, Tensor], shares: Mapping[str, Tensor], runs: int) -> Figure:
    """How many pairs have not met by step t: exact lines and measured shares, ``{coupling: (T + 1)}`` each, of so many runs."""
    figure, (ax,) = new_figure(width=6.4, height=3.5)
    with style():
        for row, (name, colour, words) in enumerate(zip(tails, (BLUE, GREEN, ORANGE), (BLUE, GREEN, BROWN), strict=False)):  # fmt: skip
            tail, share = tails[name], shares[name]
            steps = torch.arange(len(tail))
            ax.semilogy(steps, tail, color=colour, linewidth=1.4)
            seen = (steps % 4 == 0) & (share * runs >= 10)
            error = (share * (1 - share) / runs).sqrt()
            ax.errorbar(steps[seen], share[seen], yerr=2 * error[seen], fmt="o", color=colour, markersize=4, capsize=2)  # fmt: skip
            ax.text(0.97, 0.93 - 0.09 * row, name, color=words, fontsize=10, ha="right", transform=ax.transAxes)  # fmt: skip
        ax.text(0.03, 0.05, MARKS, color=QUIET, fontsize=9, transform=ax.transAxes)  # fmt: skip
        ax.set(title="Measured meetings lie on the predicted lines", xlabel="step $t$")
        ax.set(ylabel=r"$P(\tau > t)$", ylim=(3 / runs, 1.3))
    return figure
