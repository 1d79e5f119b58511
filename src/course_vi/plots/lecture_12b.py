"""Figures of lecture 12, Helmholtz machines: where the algorithms rest, weighted samples, codes, layers, and the arena."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor

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
    SKY,
    new_figure,
    style,
)

__all__ = ["arena", "bias", "codes", "rests", "upward"]

PLUM = PLUM  # and about what is pink
RESTS = {"wake-sleep": BLUE, "the ELBO": RED, "maximum likelihood": BLACK, "at means": PINK}
SIDES = {  # of a label: how it is aligned, how far to the side, and how far down in parts of the height
    "wake-sleep": ("left", 0.04, 0.05),
    "the ELBO": ("left", 0.0, 0.18),
    "maximum likelihood": ("left", -0.1, -0.09),
    "at means": ("left", 0.04, -0.04),
}
WAYS = {
    "wake-sleep": BLUE,
    "reweighted wake-sleep": GREEN,
    "VAE": SKY,
    "VAE, sticking the landing": RED,
    "IWAE": PINK,
}


def rests(theta: Tensor, log_p: Tensor, places: Mapping[str, float]) -> Figure:
    """log p over theta ``(n,)``, less its highest, and where each algorithm rests: ``{algorithm: theta}``."""
    figure, (ax,) = new_figure(width=6.6, height=3.5)
    low = float(log_p.min())
    with style():
        ax.plot(theta, log_p, color=GREY, linewidth=5, alpha=0.5)
        for name, at in places.items():
            row = int((theta - at).abs().argmin())
            height = float(log_p[row])
            ax.plot([at], [height], "o", color=RESTS[name], markersize=8)
            side, shift, drop = SIDES[name]
            ax.text(
                at + shift,
                height + drop * low,
                f"{name}, {at:.2f}",
                color=PLUM if RESTS[name] == PINK else RESTS[name],
                fontsize=9,
                ha=side,
                va="center",
            )
        ax.set(title="Each rests in a place of its own", xlabel=r"$\theta$")
        ax.set(ylabel=r"mean $\log p$, below its highest (nats)", ylim=(None, -0.15 * low))
    return figure


def bias(sizes: Tensor, sizes_of_bias: Tensor) -> Figure:
    """Size of the bias over K, for theta and phi: ``sizes: (n,)``, ``sizes_of_bias: (n, seeds, 2)``; mean and standard error."""
    figure, (ax,) = new_figure(width=6.0, height=3.5)
    with style():
        for part, (name, colour) in enumerate(((r"of $\theta$", ORANGE), (r"of $\phi$", BLUE))):
            values = sizes_of_bias[..., part]
            mean, error = values.mean(1), values.std(1) / values.shape[1] ** 0.5
            ax.errorbar(sizes, mean, 2 * error, fmt="o-", color=colour, markersize=4)
            words = BROWN if colour == ORANGE else colour
            place = (1.15 * float(sizes[0]), 0.72 * float(mean[0]))
            ax.text(*place, name, color=words, fontsize=10)
        start = float(sizes_of_bias.mean(1).min(1).values[2]) * 0.45
        guide = start * float(sizes[2]) / sizes[2:]
        ax.plot(sizes[2:], guide, color=QUIET, linestyle=":", linewidth=1.4)
        ax.text(float(sizes[3]), 0.55 * float(guide[1]), "slope -1", color=QUIET, fontsize=9, ha="right")  # fmt: skip
        ax.set(title="The bias of weighted samples dies like 1/K", xlabel="samples $K$")
        ax.set(ylabel="size of the bias", xscale="log", yscale="log")
        ax.set_xticks(sizes.tolist(), [str(int(size)) for size in sizes])
        ax.minorticks_off()
    return figure


def codes(x: Tensor, exact: Tensor, told: Tensor, product: Tensor) -> Figure:
    """A code beside the exact means: of the first coin, and of "both on", which a product of the marginals gets wrong.

    Args:
        x: ``(n,)``; ``exact``, ``told``: ``(n, 3)``, of z_1, z_2 and z_1 z_2; ``product``: ``(n,)``.
    """
    figure, axes = new_figure(columns=2, width=4.4, height=3.2, sharey=True)
    titles = ("P(first coin on)", "P(both on)")
    with style():
        for ax, part, title in zip(axes, (0, 2), titles, strict=True):
            ax.plot(x, exact[:, part], color=GREY, linewidth=6, alpha=0.5)
            ax.plot(x, told[:, part], color=BLUE)
            ax.set(title=title, xlabel="$x$", ylabel="probability")
        axes[1].plot(x, product, color=RED, linestyle="--")
        axes[1].text(0.2, 0.32, "product of\nthe marginals", color=RED, fontsize=9, ha="center")
        axes[0].text(-2.8, 0.9, "grey: exact", color=QUIET, fontsize=9)
        axes[0].text(-2.8, 0.8, "the code", color=BLUE, fontsize=9)
    return figure


def upward(z: Tensor, exact: Tensor, sampled: Tensor, at_means: Tensor, parts: Tensor) -> Figure:
    """Densities of the upper latent over ``z: (n,)``: exact, by samples fed upward, by means; ``parts: (S, n)`` of the mixture."""
    figure, axes = new_figure(columns=2, width=4.4, height=3.2, sharey=True)
    with style():
        for ax in axes:
            ax.fill_between(z, exact, color=GREY, alpha=0.35, linewidth=0)
            ax.set(xlabel="upper latent $z_2$", ylabel="density")
        axes[0].plot(z, sampled, color=BLUE)
        for part in parts:
            axes[0].plot(z, part, color=BLUE, linewidth=0.8, linestyle="--")
        axes[1].plot(z, at_means, color=RED)
        top = 1.25 * float(torch.stack([exact, sampled, at_means]).max())
        axes[0].text(0.0, 0.84 * top, "a mixture, one part\nfor each sample below", color=BLUE, fontsize=9, ha="center")  # fmt: skip
        axes[1].text(0.0, 0.9 * top, "one Gaussian", color=RED, fontsize=9, ha="center")
        axes[1].text(0.0, 0.82 * top, "grey: the exact posterior", color=QUIET, fontsize=9, ha="center")  # fmt: skip
        axes[0].set(title="Samples fed upward", ylim=(0, top))
        axes[1].set(title="Means fed upward")
    return figure


def arena(row: Mapping[str, Mapping[str, Any]], ways: Sequence[str]) -> Figure:
    """Exact log p(x) of each way to train: every seed, their mean and two standard errors; of training and of new images.

    Args:
        row: ``{way: {"train": [...], "test": [...]}}``, one number for each seed.
    """
    figure, axes = new_figure(columns=2, width=4.7, height=2.9, sharey=True)
    titles = (("train", "Training images"), ("test", "New images"))
    with style():
        for ax, (key, title) in zip(axes, titles, strict=True):
            for place, way in enumerate(reversed(ways)):
                scores = torch.tensor(row[way][key])
                error = scores.std(-1) / len(scores) ** 0.5
                ax.plot(scores, [place] * len(scores), "o", color=WAYS[way], alpha=0.45)
                ax.errorbar(
                    scores.mean(),
                    place,
                    xerr=2 * error,
                    fmt="|",
                    color=BLACK,
                    markersize=14,
                    capsize=4,
                )
            ax.set(title=title, xlabel="exact log p(x) (nats per image)", ylabel="way to train")
            ax.set_yticks(range(len(ways)), list(reversed(ways)), fontsize=9)
            ax.set_ylim(-0.6, len(ways) - 0.4)
            ax.locator_params(axis="x", nbins=5)
    return figure
