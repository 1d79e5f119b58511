"""Figures of lecture 12, Helmholtz machines: the two networks, the two divergences, and what a mean hides."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from matplotlib.figure import Figure
from torch import Tensor

from course_vi.plots.primitives import arrow, blank, node
from course_vi.plots.style import (
    BLACK,
    BLUE,
    BROWN,
    GREEN,
    GREY,
    ORANGE,
    PINK,
    PLUM,
    QUIET,
    RED,
    new_figure,
    style,
)

__all__ = [
    "dreams_and_data",
    "recognition",
    "runaway",
    "two_divergences",
    "two_nets",
    "two_scales",
]

PLUM = PLUM  # and about what is pink
LAYERS = ("$x$", "$z_1$", "$z_2$")


def two_nets() -> Figure:
    """The two phases: where the samples come from (grey arrows), and which arrows learn (coloured)."""
    figure, axes = new_figure(columns=2, width=4.4, height=3.9)
    phases = (
        ("Awake: the way up draws, the way down learns", True, "learns: $\\theta$", "draws: $\\phi$"),
        ("Asleep: the way down draws, the way up learns", False, "draws: $\\theta$", "learns: $\\phi$"),
    )  # fmt: skip
    with style():
        for ax, (title, awake, down, up) in zip(axes, phases, strict=True):
            blank(ax, title, (-2.1, 2.1), (-0.75, 3.3))
            for height, label in enumerate(LAYERS):
                node(ax, (0.0, 1.3 * height), label, shaded=awake and height == 0)
            for low in (0.0, 1.3):
                top, bottom = (0.0, low + 1.3), (0.0, low)
                arrow(ax, bottom, top, GREY if awake else BLUE, 0.45, "--" if awake else "-")
                arrow(ax, top, bottom, ORANGE if awake else GREY, 0.45, "-" if awake else "--")
            ax.text(-0.55, 1.3, down, ha="right", color=BROWN if awake else QUIET, fontsize=10)
            ax.text(0.55, 1.3, up, color=QUIET if awake else BLUE, fontsize=10)
            words = "a datum" if awake else "a dream"
            ax.text(0.0, -0.55, words, ha="center", fontsize=9, color=QUIET)
            if not awake:
                ax.text(0.0, 3.05, "drawn from the prior", ha="center", fontsize=9, color=QUIET)
    return figure


def recognition(x: Tensor, exact: Tensor, by_dreams: Tensor, by_elbo: Tensor) -> Figure:
    """P(first coin on | x) as networks tell it: ``by_dreams`` and ``by_elbo`` ``(R, n)``, over ``x``, ``exact``: ``(n,)``."""
    figure, axes = new_figure(columns=2, width=4.4, height=3.2, sharey=True)
    kinds = ((by_dreams, BLUE, "Taught by dreams: the marginal"), (by_elbo, RED, "Climbing the ELBO: a mode"))  # fmt: skip
    with style():
        for ax, (curves, colour, title) in zip(axes, kinds, strict=True):
            ax.plot(x, exact, color=GREY, linewidth=6, alpha=0.5)
            for curve in curves:
                ax.plot(x, curve, color=colour, linewidth=1.1)
            ax.set(title=title, xlabel="$x$", ylabel="P(first coin on)", ylim=(-0.04, 1.04))
        axes[0].text(4.9, 0.42, "grey: the exact\nmarginal", color=QUIET, fontsize=9)
        axes[0].text(4.9, 0.22, "five networks", color=BLUE, fontsize=9)
        axes[1].text(4.9, 0.22, "five networks", color=RED, fontsize=9)
    return figure


def two_divergences(m: Tensor, forward: Tensor, reverse: Tensor) -> Figure:
    """Both divergences over the two probabilities ``m: (n,)`` of a product q, ``(n, n)`` each, with their lowest points."""
    figure, axes = new_figure(columns=2, width=4.5, height=3.7)
    levels = torch.linspace(0.0, 6.0, 25).tolist()
    kinds = ((forward, r"KL$(p(z \mid x)\,\|\,q)$: one basin"), (reverse, r"KL$(q\,\|\,p(z \mid x))$: two basins"))  # fmt: skip
    shown = None
    with style():
        for ax, (values, title) in zip(axes, kinds, strict=True):
            shown = ax.contourf(m, m, values.mT, levels=levels, cmap="cividis", extend="max")
            ax.contour(m, m, values.mT, levels=levels[1:], colors="white", linewidths=0.4)
            half = torch.ones_like(values, dtype=torch.bool)
            for side in (
                half.triu(),
                half.tril(),
            ):  # a basin on either side of the diagonal, or one on it
                i, j = divmod(int(torch.where(side, values, torch.inf).argmin()), len(m))
                if float(values[i, j]) < float(values.min()) + 1e-3:
                    ax.plot(
                        [float(m[i])], [float(m[j])], "o", color=ORANGE, markersize=9, clip_on=False
                    )
            ax.set(title=title, xlabel="q(first coin on)", ylabel="q(second coin on)")
            ax.set(aspect="equal")
            ax.grid(False)
        if shown is not None:
            bar = figure.colorbar(shown, ax=axes, shrink=0.85)
            bar.ax.set(title="nats", xlabel=" ", ylabel="divergence")
    return figure


def dreams_and_data(
    x: Tensor, dreams: Tensor, data: Tensor, wanted: Tensor, told: Mapping[str, Tensor]
) -> Figure:
    """Where the model dreams, where the data are, and what a restricted network says that was fitted at either.

    Args:
        x, dreams, data, wanted: ``(n,)``; the exact marginal is ``wanted``.
        told: ``{"dreams": (n,), "data": (n,)}``.
    """
    figure, (top, low) = new_figure(rows=2, width=6.4, height=2.3, sharex=True)
    colours, words = {"dreams": ORANGE, "data": GREEN}, {"dreams": BROWN, "data": GREEN}
    with style():
        for name, weight in (("dreams", dreams), ("data", data)):
            height = weight / (x[1] - x[0])
            top.fill_between(x, height, color=colours[name], alpha=0.35, linewidth=0)
            low.plot(x, told[name], color=colours[name])
        top.text(11.2, 0.07, "dreams", color=words["dreams"], fontsize=9)
        top.text(1.4, 0.17, "data", color=words["data"], fontsize=9, ha="right")
        low.plot(x, wanted, color=GREY, linewidth=6, alpha=0.5, zorder=0)
        low.text(8.9, 0.62, "fitted at the dreams", color=words["dreams"], fontsize=9)
        low.text(8.9, 0.46, "fitted at the data", color=words["data"], fontsize=9)
        low.text(8.9, 0.3, "grey: the exact marginal", color=QUIET, fontsize=9)
        top.set(title="A sleeping network learns where the model dreams", xlabel=" ")
        top.set(ylabel="density", ylim=(0, None))
        low.set(title="What a line in the logit makes of it", xlabel="$x$", ylabel="P(coin on)")
    return figure


def two_scales(x: Tensor, weight: Tensor, exact: Tensor, told: Mapping[str, Tensor]) -> Figure:
    """A restricted rate, fitted by likelihood and by least squares, beside the exact posterior mean of a count.

    Args:
        x, weight, exact: ``(n,)``, where the dreams are, and the exact mean.
        told: ``{"likelihood": (n,), "least squares": (n,)}``.
    """
    figure, (ax,) = new_figure(width=6.2, height=3.5)
    seen = weight > 1e-4 * weight.max()
    top = 1.35 * float(exact[seen].max())
    with style():
        ax.fill_between(x, 0.3 * top * weight / weight.max(), color=GREY, alpha=0.25, linewidth=0)
        ax.plot(x, exact, color=GREY, linewidth=6, alpha=0.5)
        for name, colour in (("likelihood", BLUE), ("least squares", RED)):
            ax.plot(x, told[name], color=colour)
        place = float(x[seen][0])
        for row, (words, colour) in enumerate(
            (
                ("exact mean (grey line), dreams (grey area)", QUIET),
                ("best by likelihood", BLUE),
                ("best by least squares", RED),
            )
        ):
            ax.text(place, (0.92 - 0.09 * row) * top, words, color=colour, fontsize=9)
        ax.set(title="Least squares cares for large counts, likelihood for small ones too")
        ax.set(xlabel="$x$", ylabel="mean of the count", ylim=(0, top))
        ax.set(xlim=(place - 0.2, float(x[seen][-1])))
    return figure


def runaway(steps: Tensor, lengths: Mapping[str, Tensor], best: float) -> Figure:
    """The length of the loadings over wake phases, at means and sampled, on log axes.

    Args:
        steps: ``(n,)``.
        lengths: ``{"at means": (n,), "sampled": (n,)}``.
        best: that of maximum likelihood.
    """
    figure, (ax,) = new_figure(width=6.2, height=3.5)
    colours = {"at means": PINK, "sampled": BLUE}
    with style():
        ax.axhline(best, color=BLACK, linestyle="--", linewidth=1.2)
        for name, length in lengths.items():
            ax.loglog(steps, length, color=colours[name])
        last = float(steps[-1])
        ax.text(last, 0.92 * best, "maximum likelihood", ha="right", va="top", fontsize=9)
        middle = int((steps - last**0.5).abs().argmin())
        at, high = float(steps[middle]), float(lengths["at means"][middle])
        ax.text(0.8 * at, 1.3 * high, "wake at means", color=PLUM, ha="right", fontsize=9)
        ax.text(10.0, 1.15 * best, "wake at samples", color=BLUE, fontsize=9)
        ax.set(title="At means the weights grow for ever", xlabel="pairs of phases")
        ax.set(ylabel="length of the weights")
    return figure
