"""Figures of lecture 04, EM and mean field: climbs and what they find. Its mixtures in the plane are drawn by ``ellipses``."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from matplotlib.figure import Figure
from torch import Tensor

from course_vi.plots.ellipses import clusters, pruned, two_gaussians
from course_vi.plots.images import labelled_pictures
from course_vi.plots.style import (
    BLACK,
    BLUE,
    EXACT,
    GREEN,
    GREY,
    ORANGE,
    QUIET,
    RED,
    new_figure,
    style,
)

__all__ = [
    "clusters",
    "constrained",
    "for_ever",
    "how_many",
    "mean_and_precision",
    "pace",
    "pictures",
    "pruned",
    "two_climbs",
    "two_directions",
    "two_gaussians",
]

# q is blue and what is exact black, as in all units; theta's climbs by the colour of the model they belong to.
BOUND, OTHER = BLUE, ORANGE


def two_climbs(paths: Mapping[float, Tensor], top: float) -> Figure:
    """Error of theta over rounds of EM, ``(rounds + 1,)`` each, by the variance of the noise."""
    figure, (ax,) = new_figure(width=5.8, height=3.4)
    with style():
        for (v, path), colour in zip(paths.items(), (BLUE, RED, GREEN), strict=False):
            error = (top - path).abs()
            error = error[error > 1e-5]
            ax.semilogy(error, "o-", color=colour, markersize=3, linewidth=1.2)
            at = min(len(error) - 1, 14)
            ax.annotate(
                f"noise variance {v:g}",
                (at, float(error[at])),
                (8, 4),
                textcoords="offset points",
                color=colour,
            )
        ax.axhline(1e-3, color=GREY, linestyle=":", linewidth=1.2)
        ax.text(59, 1.2e-3, "a thousandth", color=QUIET, fontsize=8, ha="right")
        ax.set(
            title="Each round leaves the same share of the error",
            xlabel="rounds of EM",
            ylabel=r"error of $\theta$",
            xlim=(0, 60),
        )
    return figure


def for_ever(spread: Tensor, likelihoods: Tensor, count: int) -> Figure:
    """Log-likelihood as a cluster on ``count`` tied data narrows; both ``(n,)``."""
    figure, (ax,) = new_figure(width=5.8, height=3.4)
    with style():
        ax.semilogx(spread, likelihoods, "o-", color=RED)
        late = spread[2:]
        line = likelihoods[-1] + count * (spread[-1] / late).log()
        ax.semilogx(late, line, color=BLACK, linestyle=":", linewidth=1.4)
        ax.text(
            float(spread[3]),
            float(likelihoods[5]),
            f"slope: {count} data",
            color=QUIET,
            ha="right",
            fontsize=9,
        )
        ax.invert_xaxis()
        ax.set(
            title="The likelihood of a mixture has no maximum",
            xlabel="standard deviation of the cluster, in width (cm)",
            ylabel="log-likelihood of the data (nats)",
        )
    return figure


def pictures(rows: Mapping[str, Tensor], title: str) -> Figure:
    """Rows of 8 x 8 pictures, values in [0, 1]: ``{label: (n, 64)}``."""
    return labelled_pictures(rows, title, width=0.8)


def how_many(sizes: Tensor, seen: Tensor, held_out: Tensor) -> Figure:
    """Log-likelihood a picture over the number of clusters; ``sizes: (n,)``, the others ``(n, seeds)``."""
    figure, (ax,) = new_figure(width=5.8, height=3.6)
    with style():
        for values, colour, words in (
            (seen, GREY, "pictures that were fitted"),
            (held_out, BLUE, "held out"),
        ):
            mean, error = values.mean(1), values.std(1) / values.shape[1] ** 0.5
            ax.errorbar(sizes, mean, 2 * error, fmt="o-", color=colour, markersize=4)
            above = 8 if colour == GREY else -16
            ax.annotate(
                words,
                (float(sizes[-2]), float(mean[-2])),
                (-6, above),
                textcoords="offset points",
                color=QUIET if colour == GREY else colour,
                ha="right" if colour == GREY else "center",
            )
        ax.set_xscale("log", base=2)
        ax.set_xticks(sizes.tolist(), [str(size) for size in sizes.tolist()])
        best = int(sizes[int(held_out.mean(1).argmax())])
        ax.set(
            title=f"Held out, {best} clusters are best, not ten",
            xlabel="number of clusters",
            ylabel="log-likelihood (nats a picture)",
        )
    return figure


def pace(missing: Mapping[float, Tensor], apart: Tensor, shares: Tensor) -> Figure:
    """What is missing decides the pace: lost data, and lost labels.

    Args:
        missing: errors over rounds, ``(rounds,)``, by the share of the data that is lost.
        apart, shares: half the distance of two clusters ``(n,)``; share of the error that a round leaves, ``(seeds, n)``.
    """
    figure, (left, right) = new_figure(columns=2, width=4.4, height=3.3)
    with style():
        for (lost, errors), colour in zip(missing.items(), (GREEN, ORANGE, RED), strict=False):
            rounds = torch.arange(len(errors))
            shown = errors > 1e-8
            left.semilogy(
                rounds, errors[0] * lost**rounds, color=BLACK, linestyle=":", linewidth=1.2
            )
            left.semilogy(rounds[shown], errors[shown], "o", color=colour, markersize=3.5)
            at = min(int(shown.sum()) - 1, 10)
            left.annotate(
                f"{lost:.0%} lost",
                (at, float(errors[at])),
                (7, 3),
                textcoords="offset points",
                color=colour,
            )
        left.set(
            title="Lost data (dotted: predicted)",
            xlabel="rounds of EM",
            ylabel=r"error of $\mu$",
            ylim=(1e-8, 10),
        )
        mean, error = shares.mean(0), shares.std(0) / len(shares) ** 0.5
        right.errorbar(apart, mean, 2 * error, fmt="o-", color=BLUE, markersize=4)
        right.set(
            title="Lost labels: overlap makes EM slow",
            xlabel=r"half the distance of the clusters, $\theta$",
            ylabel="share of the error that a round leaves",
            ylim=(0, 1),
        )
    return figure


def constrained(bound: Tensor, evidence: Tensor) -> Figure:
    """F after each half step of a constrained EM, ``(2 n,)``, and the log-likelihood before and after each round, ``(n + 1,)``."""
    figure, (ax,) = new_figure(width=6.2, height=3.5)
    with style():
        halves = torch.arange(1, len(bound) + 1) / 2
        ax.plot(halves, bound, "o-", color=BOUND, markersize=4)
        ax.plot(range(len(evidence)), evidence, "s-", color=EXACT, markersize=4)
        ax.axhline(float(evidence[0]), color=GREY, linestyle=":", linewidth=1.2)
        middle = len(evidence) // 2
        ax.annotate(
            r"$\log p_\theta(x)$: falls, and stays lower",
            (middle, float(evidence[middle])),
            (0, -16),
            textcoords="offset points",
            ha="center",
        )
        ax.annotate(
            r"$\mathcal{F}$ never falls",
            (middle, float(bound[2 * middle - 1])),
            (0, -20),
            textcoords="offset points",
            color=BOUND,
        )
        ax.text(
            len(evidence) - 1.05,
            float(evidence[0]) + 0.4,
            "where EM rests",
            color=QUIET,
            fontsize=8,
            ha="right",
        )
        ax.set(
            title="The bound climbs, the likelihood falls",
            xlabel="rounds of hard EM",
            ylabel="nats",
            ylim=(None, float(evidence[0]) + 2.5),
        )
    return figure


def mean_and_precision(mu: Tensor, log_tau: Tensor, exact: Tensor, q: Tensor) -> Figure:
    """Two densities on a grid, ``(len(mu), len(log_tau))``: contours of equal shares of their maxima."""
    figure, (ax,) = new_figure(width=5.6, height=3.8)
    with style():
        levels = [math.exp(-k) for k in (4.5, 3.0, 1.5, 0.5)]
        for density, colour, line in ((exact, EXACT, "-"), (q, BOUND, "--")):
            ax.contour(
                mu,
                log_tau,
                (density / density.max()).T,
                levels=levels,
                colors=colour,
                linestyles=line,
                linewidths=1.4,
            )
        ax.text(0.03, 0.06, "exact: wide where $\\tau$ is small", transform=ax.transAxes)
        ax.text(0.03, 0.92, "mean field: a product", transform=ax.transAxes, color=BOUND)
        ax.set(
            title="What a product cannot follow",
            xlabel=r"mean $\mu$ (cm)",
            ylabel=r"log precision, $\log\tau$",
        )
    return figure


def two_directions(
    z: Tensor, log_posterior: Tensor, ep: tuple[Tensor, Tensor], vi: tuple[Tensor, Tensor]
) -> Figure:
    """A posterior on a grid (log density, not normalized) and two Gaussians, each by mean and variance."""
    figure, (ax,) = new_figure(width=5.8, height=3.3)
    with style():
        width = float(z[1] - z[0])
        exact = log_posterior.softmax(0) / width
        ax.fill_between(z, exact, color=GREY, alpha=0.4, linewidth=0)
        for (mean, var), colour in ((ep, GREEN), (vi, BLUE)):
            density = (-0.5 * (z - mean) ** 2 / var).exp() / (2 * math.pi * var).sqrt()
            ax.plot(z, density, color=colour)
        ax.text(1.72, 0.8, "reverse KL", color=BLUE)
        ax.text(2.2, 0.42, "EP", color=GREEN)
        ax.text(2.75, 0.1, "posterior", color=QUIET)
        ax.set(
            title="Two directions of KL, two answers",
            xlabel="z",
            ylabel="density",
            xlim=(-0.6, 4.2),
            ylim=(0, None),
        )
    return figure
