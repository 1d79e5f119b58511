"""Figures of the first sitting of lecture 02: the marginal likelihood as a sum, an average, and an average of weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor

from course_vi.plots.images import labelled_pictures
from course_vi.plots.lecture_02b import (
    bandwidth,
    hyperparameter,
    levels,
    occam,
    prior_predictive,
    stein,
)
from course_vi.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    QUIET,
    RED,
    new_figure,
    style,
)

__all__ = [
    "bandwidth",
    "bias",
    "convergence",
    "hyperparameter",
    "levels",
    "occam",
    "pictures",
    "prior_predictive",
    "stein",
    "tails",
]

# Who proposes: coins, the prior, the posterior.
PROPOSALS = {"uniform": RED, "prior": BLACK, "posterior": GREY}


def pictures(rows: Mapping[str, Tensor], title: str) -> Figure:
    """Rows of 8 x 8 pictures, values in [0, 1]: ``{label: (n, 64)}``."""
    return labelled_pictures(rows, title, line=3.5)


def convergence(counts: Sequence[int], errors: Mapping[str, Tensor]) -> Figure:
    """Error of a log evidence over the number of draws, a line for each run.

    Args:
        counts: numbers of draws, ``n`` of them.
        errors: ``{"uniform" or "prior": (seeds, n)}``.
    """
    figure, (ax,) = new_figure(width=6.4, height=3.6)
    with style():
        ax.axhline(0.0, color=PROPOSALS["posterior"], linewidth=5, alpha=0.5)
        for name, runs in errors.items():
            for run in runs:
                ax.plot(counts, run, color=PROPOSALS[name], linewidth=0.8, alpha=0.5)
            mean, error = runs.mean(0), runs.std(0) / len(runs) ** 0.5
            ax.errorbar(counts, mean, 2 * error, fmt="o-", color=PROPOSALS[name], markersize=4)
        low = float(min(each.min() for each in errors.values()))
        middle = len(counts) // 2
        for name, words, at, place in (
            ("uniform", "uniform: every completion alike", middle, 0.62 * low),
            ("prior", "prior: some upper half", 1, 0.16 * low),
        ):
            ax.text(counts[at], place, words, color=PROPOSALS[name], fontsize=9)
        words = "posterior: exact, from the first draw"
        ax.text(counts[1], -0.05 * low, words, color=QUIET, fontsize=9, va="center")
        ax.set_xscale("log", base=2)
        ax.set(
            title="Coins are late; the prior is soon there",
            xlabel="number of draws K",
            ylabel=r"$\log \hat p(x) - \log p(x)$ (nats, mean over digits)",
            ylim=(1.1 * low, -0.12 * low),
        )
    return figure


def bias(sizes: Sequence[int], biases: Mapping[str, Tensor], relative: float) -> Figure:
    """Size of two biases over K, on log axes.

    Args:
        sizes: K, ``n`` of them.
        biases: ``{"reciprocal" or "logarithm": (seeds, n)}``.
        relative: Var(w) / p^2, for the first-order line of the reciprocal.
    """
    figure, (ax,) = new_figure(width=5.6, height=3.7)
    colours = {"reciprocal": GREEN, "logarithm": BLUE}
    with style():
        K = torch.tensor(sizes, dtype=torch.float64)
        ax.loglog(K, relative / K, color=colours["reciprocal"], linestyle="--", linewidth=1.3)
        for name, runs in biases.items():
            mean, error = runs.mean(0).abs(), runs.std(0) / len(runs) ** 0.5
            ax.errorbar(K, mean, 2 * error, fmt="o", color=colours[name], markersize=5)
        for name, words, side, align in (
            ("reciprocal", r"$p\,\mathrm{E}[1/\hat p] - 1$: too high", 1.5, "left"),
            ("logarithm", r"$\mathrm{E}\log\hat p - \log p$: too low", 0.55, "right"),
        ):
            height = float(biases[name].mean(0).abs()[2])
            ax.text(4.3 if side > 1 else 3.7, side * height, words, color=colours[name], fontsize=9,
                    ha=align, va="center")  # fmt: skip
        ax.text(
            float(K[-1]),
            2.7 * relative / float(K[-1]),
            "dashed: first order",
            color=colours["reciprocal"],
            fontsize=8,
            ha="right",
            va="bottom",
        )
        ax.set(
            title="Both biases fall like 1/K",
            xlabel="number of samples K",
            ylabel="size of the bias",
            xticks=list(sizes),
            xticklabels=[str(size) for size in sizes],
        )
        ax.minorticks_off()
    return figure


def tails(draws: Mapping[float, Tensor], running: tuple[Tensor, Tensor, Tensor]) -> Figure:
    """Survival of the weights of the toy at x = 2 over p(x), exact and drawn, and the running mean of one run.

    Args:
        draws: ``{variance of q: weights over p(x), (n,)}``, q centred at the posterior mean.
        running: number of draws, mean of the weights and its standard error, ``(m,)`` each.
    """
    figure, (left, right) = new_figure(columns=2, width=4.6, height=3.6)
    colours = (GREEN, BLUE, ORANGE, RED)
    with style():
        for (variance, w), colour in zip(draws.items(), colours, strict=False):
            t, share = _survival(variance)
            left.loglog(t, share, color=colour, linewidth=1.3)
            ordered = w.sort(descending=True).values
            rank = torch.arange(1, len(w) + 1) / len(w)
            pick = torch.unique(torch.logspace(0, math.log10(len(w) - 1), 30).long()) - 1
            left.loglog(ordered[pick], rank[pick], "o", color=colour, markersize=3)
            words = f"$s^2$ = {variance:g}"
            words += f": slope $-1/{1 - 2 * variance:.1f}$" if variance < 0.5 else ": bounded"
            left.text(
                0.98,
                0.97 - 0.075 * list(draws).index(variance),
                words,
                color=colour,
                fontsize=9,
                ha="right",
                va="top",
                transform=left.transAxes,
            )
        left.set(
            title="Narrower q, heavier tail",
            xlabel="t",
            ylabel="P(w / p(x) > t)",
            xlim=(0.05, 3e3),
            ylim=(8e-6, 1.5),
        )
        K, mean, error = running
        right.axhline(1.0, color=GREY, linewidth=5, alpha=0.5)
        right.fill_between(
            K, mean - 2 * error, mean + 2 * error, color=RED, alpha=0.25, linewidth=0
        )
        right.plot(K, mean, color=RED, linewidth=1.3)
        right.text(0.98 * float(K[-1]), 1.008, "truth", color=QUIET, fontsize=8, ha="right")
        right.set(
            title="$s^2$ = 0.1: settled, and wrong",
            xlabel="number of draws K",
            ylabel=r"$\hat p / p(x)$, with two standard errors",
            xticks=[0, int(K[-1]) // 2, int(K[-1])],
        )
        late = slice(len(K) // 40, None)
        low, high = float((mean - 2 * error)[late].min()), float((mean + 2 * error)[late].max())
        right.set_ylim(max(0.0, low - 0.1), max(1.2, high + 0.1))
    return figure


def _survival(variance: float) -> tuple[Tensor, Tensor]:
    """P(w / p(x) > t) for q = N(m, variance) and the posterior N(m, 1/2): exact, ``(n,)`` both, by the eps where w = t."""
    eps = torch.linspace(0.02, 5.0, 200, dtype=torch.float64)
    log_t = 0.5 * (1 - 2 * variance) * eps**2 + 0.5 * math.log(2 * variance)
    beyond = torch.special.erfc(eps / math.sqrt(2))
    return log_t.exp(), beyond if variance < 0.5 else 1 - beyond
