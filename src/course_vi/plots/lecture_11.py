"""Figures of lecture 11, Amortized inference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor

from course_vi.plots.primitives import arrow, blank, label_ends, node, plate
from course_vi.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PINK,
    RED,
    SKY,
    new_figure,
    style,
)

__all__ = ["cost", "datum_paths", "gap_bars", "new_data", "posteriors", "snapshots", "three_graphs"]

COLOURS = (BLUE, RED, GREEN, PINK, ORANGE, SKY)
LEAST = 1e-6  # nats; below that a gap in single precision is rounding


def three_graphs() -> Figure:
    """A global latent; local latents with a row of numbers each; local latents with one function for all.

    >>> len(three_graphs().axes)
    3
    """
    figure, axes = new_figure(columns=3, width=3.0, height=2.9)
    titles = ("a global latent", "local latents, a table", "local latents, a function")
    with style():
        for ax, title in zip(axes, titles, strict=True):
            blank(ax, title, (-1.6, 1.9), (-0.9, 2.5))
            inside = title != titles[0]
            plate(
                ax,
                (-0.62, -0.64, 0.72 if title != titles[1] else 1.72, 2.02 if inside else 0.7),
                "N",
                size=9,
            )
            node(ax, (0.0, 1.5), "$z_n$" if inside else "$z$")
            node(ax, (0.0, 0.0), "$x_n$", shaded=True)
            arrow(ax, (0.0, 1.5), (0.0, 0.0), GREY)
            ax.text(-1.2, 0.75, r"$\theta$", fontsize=13, ha="center", va="center")
            arrow(ax, (-1.2, 0.75), (0.0, 0.0), GREY)
        axes[0].text(1.25, 1.5, r"$\lambda$", fontsize=13, color=BLUE, ha="center", va="center")
        arrow(axes[0], (1.3, 1.5), (0.0, 1.5), BLUE, line="--")
        axes[1].text(1.35, 1.5, r"$\lambda_n$", fontsize=13, color=BLUE, ha="center", va="center")
        arrow(axes[1], (1.4, 1.5), (0.0, 1.5), BLUE, line="--")
        axes[2].text(1.4, 1.5, r"$\phi$", fontsize=13, color=BLUE, ha="center", va="center")
        arrow(axes[2], (1.45, 1.5), (0.0, 1.5), BLUE, line="--")
        arrow(axes[2], (0.0, 0.0), (0.0, 1.5), BLUE, bend=0.55, line="--")
    return figure


def datum_paths(paths: Tensor, ends: Tensor, names: Sequence[str]) -> Figure:
    """Where each datum's (loc, scale) wandered, ``paths: (T, B, 2)``, and its exact posterior, ``ends: (B, 2)``.

    >>> len(datum_paths(torch.rand(4, 2, 2), torch.rand(2, 2), ["a", "b"]).axes)
    1
    """
    figure, (ax,) = new_figure(width=5.4, height=3.2)
    with style():
        for index, (name, colour) in enumerate(zip(names, COLOURS, strict=False)):
            ax.plot(
                paths[:, index, 0],
                paths[:, index, 1],
                "-",
                color=colour,
                marker=".",
                markersize=4,
                label=name,
            )
            ax.plot(*ends[index], "*", color=colour, markersize=13, markeredgecolor=BLACK)
        ax.set(
            title="Each datum climbs on its own; stars are exact posteriors",
            xlabel="mean of q",
            ylabel="standard deviation of q",
        )
        ax.legend(fontsize=8)
    return figure


def snapshots(x: Tensor, means: Mapping[str, Tensor], exact: Tensor, data: Tensor) -> Figure:
    """The mean that a network says over x, ``(N)``, at several times of its training, and the exact posterior mean.

    >>> line = torch.linspace(-1, 1, 5)
    >>> len(snapshots(line, {"0 steps": 0 * line}, line / 2, line).axes)
    1
    """
    figure, (ax,) = new_figure(width=5.8, height=3.2)
    with style():
        ax.plot(x, exact, color=BLACK, linestyle="--", zorder=3)
        ends = {"exact, $x/2$": (float(x[-1]), float(exact[-1]), BLACK)}
        for place, (name, mean) in enumerate(means.items()):
            ax.plot(x, mean, color=BLUE, alpha=0.35 + 0.65 * place / max(len(means), 1))
            ends[name] = (float(x[-1]), float(mean[-1]), BLUE)
        width = float(x[-1] - x[0])
        label_ends(ax, ends, gap=0.06 * float(exact.max() - exact.min()), away=0.04 * width)
        low = float(exact.min()) - 0.2
        ax.plot(data, torch.full_like(data, low), "|", color=GREY)
        ax.text(
            float(x[-1]) + 0.04 * width, low, "training data", color=GREY, fontsize=8, va="center"
        )
        ax.set(title="A linear network learns Bayes' rule", xlabel="$x$", ylabel="mean of $q(z|x)$")
        ax.set_xlim(float(x[0]) - 0.05 * width, float(x[-1]) + 0.27 * width)
    return figure


def posteriors(z: Tensor, exact: Tensor, densities: Mapping[str, Tensor], title: str) -> Figure:
    """The exact posterior density, shaded, ``(N)``, and what approximations say of it.

    >>> line = torch.linspace(-1, 1, 5)
    >>> len(posteriors(line, line.exp(), {"q": line.exp()}, "x = 1").axes)
    1
    """
    figure, (ax,) = new_figure(width=5.4, height=3.1)
    with style():
        ax.fill_between(z, exact, color=GREY, alpha=0.35, label="exact posterior")
        for (name, density), colour in zip(densities.items(), COLOURS, strict=False):
            ax.plot(z, density, color=colour, label=name)
        ax.set(title=title, xlabel="z", ylabel="density")
        ax.legend(fontsize=8)
    return figure


def gap_bars(
    names: Sequence[str], approximation: Sequence[float], amortization: Sequence[float]
) -> Figure:
    """Stacked bars: what the family lacks, and what the encoder lacks, in nats.

    >>> len(gap_bars(["a"], [1.0], [2.0]).axes)
    1
    """
    figure, (ax,) = new_figure(width=7.6, height=3.2)
    with style():
        places = range(len(names))
        ax.bar(
            places, approximation, color=ORANGE, width=0.6, label="approximation gap: the family"
        )
        ax.bar(
            places,
            amortization,
            bottom=approximation,
            color=BLUE,
            width=0.6,
            label="amortization gap: the encoder",
        )
        highest = max(a + b for a, b in zip(approximation, amortization, strict=True))
        for place, (low, high) in enumerate(zip(approximation, amortization, strict=True)):
            ax.text(
                place, low + high + 0.02 * highest, f"{low + high:.2f}", ha="center", fontsize=8
            )
        ax.set_xticks(list(places), list(names), fontsize=8)
        ax.set(
            title="How far the ELBO is from log p(x), and why",
            xlabel="encoder, and data",
            ylabel="mean gap (nats)",
        )
        ax.set_ylim(0, 1.5 * highest)
        ax.legend(fontsize=8, loc="upper right")
    return figure


def cost(
    curves: Mapping[str, tuple[Tensor, Tensor]],
    best: float,
    title: str = "The same number of decoder evaluations",
    least: float = 1e-2,
) -> Figure:
    """How far the mean ELBO is below the best, over what it cost, in decoder evaluations per datum: ``{name: (cost (T), elbo (T))}``.

    Args:
        best: of a row for each datum, climbed to rest.
        least: gaps below are drawn there; the estimate of ``best`` is no better.

    >>> len(cost({"a": (torch.ones(2), torch.ones(2))}, 2.0).axes)
    1
    """
    figure, (ax,) = new_figure(width=6.4, height=3.5)
    with style():
        for (name, (spent, bound)), colour in zip(curves.items(), COLOURS, strict=False):
            ax.plot(spent, (best - bound).clamp_min(least), color=colour, label=name)
        ax.set(
            title=title,
            xlabel="decoder evaluations per datum",
            ylabel="gap to the best row per datum (nats)",
            xscale="log",
            yscale="log",
        )
        ax.set_xlim(left=1)
        ax.legend(fontsize=8, loc="upper right", frameon=True, framealpha=0.9)
    return figure


def new_data(x: Tensor, gaps: Mapping[str, Tensor], seen: tuple[float, float]) -> Figure:
    """The exact gap over x, ``(N)``, inside and outside the range of the training data.

    >>> line = torch.linspace(-1, 1, 5)
    >>> len(new_data(line, {"net": line.exp()}, (-0.5, 0.5)).axes)
    1
    """
    figure, (ax,) = new_figure(width=5.6, height=3.2)
    with style():
        ax.axvspan(*seen, color=GREY, alpha=0.15, label="range of the training data")
        for (name, gap), colour in zip(gaps.items(), COLOURS, strict=False):
            ax.plot(x, gap.clamp_min(LEAST), color=colour, label=name)
        ax.set(
            title="What an encoder says about data unlike its own",
            xlabel="$x$",
            ylabel="gap to log p(x) (nats)",
            yscale="log",
        )
        ax.text(float(x[0]), 1.3 * LEAST, "drawn no lower than this", color=GREY, fontsize=7)
        ax.legend(fontsize=8, loc="upper center")
    return figure
