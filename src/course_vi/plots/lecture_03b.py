"""Figures of lecture 03, The ELBO: two candidates, completions, bits, a naive walk, and real data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from torch import Tensor

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

__all__ = [
    "BOXED",
    "COLOURS",
    "bit_ledger",
    "completions",
    "naive_walk",
    "real_data",
    "two_candidates",
]

COLOURS = (BLUE, RED, GREEN, ORANGE, PINK, SKY)

BOXED: dict[str, Any] = {
    "frameon": True,
    "framealpha": 0.9,
    "edgecolor": "none",
}  # for legends that lie over curves


def two_candidates(
    z: Tensor,
    names: Sequence[str],
    targets: Sequence[Tensor],
    candidates: Mapping[str, Tensor],
    reverse: Tensor,
    forward: Tensor,
) -> Figure:
    """Each target with both candidates; the divergences ``(targets, candidates)`` stand in the legends."""
    figure, axes = new_figure(columns=len(names), width=4.6, sharey=True)
    with style():
        for row, (axis, name, target) in enumerate(zip(axes, names, targets, strict=True)):
            axis.fill_between(z, target, color=GREY, alpha=0.35, label="posterior p")
            for column, (candidate, density) in enumerate(candidates.items()):
                label = f"{candidate}: KL(q||p) = {reverse[row, column]:.2f}, KL(p||q) = {forward[row, column]:.1f}"
                axis.plot(z, density, color=COLOURS[column], label=label)
            axis.set(title=name, xlabel="latent z", ylim=(0, 0.66))
            axis.legend(
                fontsize=8, loc="upper right", title="divergences in nats", title_fontsize=8
            )
        axes[0].set_ylabel("density (per unit of z)")
    return figure


def completions(
    pictures: Mapping[str, Tensor], progress: Tensor, gaps: Mapping[str, Tensor]
) -> Figure:
    """Pictures ``(5, 3)`` with the hidden rows as probabilities, and the gap of each guess over the course of learning."""
    columns = len(pictures) + 1
    figure, axes = new_figure(
        columns=columns, width=2.25, height=3.1, width_ratios=[1] * len(pictures) + [3.2]
    )
    with style():
        for axis, (name, picture) in zip(axes, pictures.items(), strict=False):
            axis.imshow(picture, cmap="Greys", vmin=0, vmax=1)
            axis.axhline(1.5, color=RED, linewidth=2)
            axis.set(title=name, xlabel="column", xticks=range(3), yticks=range(5))
            axis.grid(False)
        axes[0].set_ylabel("row (hidden above the line)")
        for (name, gap), colour in zip(gaps.items(), COLOURS, strict=False):
            axes[-1].plot(progress, gap, color=colour, label=name)
        axes[-1].set(
            title="How far is each guess from the posterior?",
            xlabel="progress of learning (0 = untrained, 1 = trained)",
            ylabel="gap = KL(q || posterior), nats",
            ylim=(-0.2, 6.2),
        )
        axes[-1].legend(fontsize=8, loc="upper left")
    return figure


def bit_ledger(
    names: Sequence[str], likelihood: Tensor, prior: Tensor, back: Tensor, ideal: float
) -> Figure:
    """Bits paid for x given z and for z, bits got back, and the net, for each q."""
    figure, (axis,) = new_figure(width=6.6, height=3.6)
    with style():
        places = list(range(len(names)))
        paid, returned = [place - 0.2 for place in places], [place + 0.2 for place in places]
        net = prior + likelihood - back
        axis.bar(paid, prior.tolist(), 0.36, color=SKY, label="paid: z under the prior")
        axis.bar(
            paid,
            likelihood.tolist(),
            0.36,
            bottom=prior.tolist(),
            color=BLUE,
            label="paid: x given z",
        )
        axis.bar(
            returned,
            back.tolist(),
            0.36,
            bottom=net.tolist(),
            color=ORANGE,
            label="got back: z under q",
        )
        for place, value in zip(returned, net, strict=True):
            axis.plot([place - 0.18, place + 0.18], [value, value], color=BLACK, linewidth=2.5)
            axis.text(
                place, float(value) - 0.25, f"net {value:.3f}", ha="center", va="top", fontsize=9
            )
        axis.axhline(ideal, color=RED, linestyle="--", label=f"-log2 p(x) = {ideal:.3f}")
        axis.set(
            title="Expected bits for one message, latent in bins of 1/16",
            ylabel="bits",
            xlabel="distribution q used to draw z",
            xticks=places,
            xticklabels=list(names),
            ylim=(0, float((prior + likelihood).max()) * 1.45),
        )
        axis.legend(fontsize=8, ncols=2, loc="upper center")
    return figure


def naive_walk(
    locs: Tensor,
    log_scales: Tensor,
    bound: Tensor,
    walks: Mapping[str, Sequence[Tensor]],
    best: tuple[float, float],
) -> Figure:
    """Walks, each a path ``(steps, 2)`` of (m, log s) over the contours of the exact ELBO."""
    figure, (axis,) = new_figure(width=6.0, height=3.8)
    with style():
        levels = [-20, -14, -10, -7, -5, -4, -3.3, -2.8, -2.5, -2.35]
        axis.clabel(
            axis.contour(
                locs,
                log_scales,
                bound,
                levels=levels,
                colors=GREY,
                linewidths=0.9,
                linestyles="solid",
            ),
            fontsize=7,
        )
        for (name, paths), colour in zip(walks.items(), (RED, BLUE), strict=False):
            for path in paths:
                axis.plot(
                    path[:, 0],
                    path[:, 1],
                    color=colour,
                    linewidth=0.8,
                    label=name if path is paths[0] else None,
                )
                axis.plot(
                    path[-1, 0], path[-1, 1], "o", color=colour, markeredgecolor="white", zorder=3
                )
        first = next(iter(walks.values()))[0][0]
        axis.plot(first[0], first[1], "s", color=BLACK, label="start", zorder=4)
        axis.plot(*best, "*", color=GREEN, markersize=14, label="posterior", zorder=4)
        axis.set(
            title="Three climbs with each gradient (contours: ELBO, nats)",
            xlabel="mean m of q",
            ylabel="log s of q",
            xlim=(float(locs.min()), float(locs.max())),
            ylim=(float(log_scales.min()), float(log_scales.max())),
        )
        axis.legend(fontsize=8, loc="upper right", **BOXED)
    return figure


def real_data(
    curves: Mapping[str, Tensor],
    every: int,
    log_evidence: float,
    first: Tensor,
    second: Tensor,
    posterior: Tensor,
    ellipses: Mapping[str, Tensor],
) -> Figure:
    """Left: bounds, one for ``every`` so many steps, and the evidence. Right: the posterior of two weights, and ellipses."""
    figure, (left, right) = new_figure(columns=2, width=4.6, height=3.4)
    with style():
        left.axhline(
            log_evidence,
            color=BLACK,
            linestyle="--",
            label=f"log evidence {log_evidence:.2f} (grid)",
        )
        for (name, curve), colour in zip(curves.items(), COLOURS, strict=False):
            left.plot(
                [every * (i + 0.5) for i in range(len(curve))],
                curve,
                color=colour,
                label=name,
                linewidth=1.2,
            )
        left.set(
            title="The ELBO climbs, and stops at its gap",
            xlabel="gradient step",
            ylabel="ELBO, mean of estimates (nats)",
            ylim=(log_evidence - 14, log_evidence + 2),
        )
        left.legend(fontsize=8, loc="lower right")
        right.contourf(first, second, posterior.T, levels=8, cmap="Greys")
        right.plot([], [], color=GREY, linewidth=6, alpha=0.6, label="posterior (grid)")
        for (name, ellipse), colour in zip(ellipses.items(), COLOURS, strict=False):
            right.plot(
                ellipse[:, 0], ellipse[:, 1], color=colour, label=f"{name}, two standard deviations"
            )
        right.set(
            title="What the gap is made of",
            xlabel="weight of the mean radius",
            ylabel="weight of the mean perimeter",
        )
        right.legend(fontsize=8, loc="upper right")
    return figure
