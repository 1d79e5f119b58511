"""Figures of lecture 13, Variational autoencoders: five ways ranked, collapse, layers, and surgery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from matplotlib.axes import Axes
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

__all__ = ["WAYS", "arena", "collapse", "layers_used", "surgery", "two_layers", "vae_graph"]

WAYS = (ORANGE, SKY, BLUE, PINK, BLACK)  # of the arena; black is the exact likelihood


def arena(table: Mapping[str, Mapping[str, Mapping[str, Any]]], ways: Sequence[str]) -> Figure:
    """Exact log p(x) of each way to train over steps, mean and standard error over seeds; of training and of new images.

    Args:
        table: ``{steps: {way: {"train": [...], "test": [...]}}}``, one number for each seed.
    """
    figure, axes = new_figure(columns=2, width=4.9, height=3.6, sharey=True)
    with style():
        for axis, key, title in zip(
            axes, ("train", "test"), ("Training images", "New images"), strict=True
        ):
            ends, ends_at = {}, max(int(count) for count in table)
            for way, colour in zip(ways, WAYS, strict=False):
                steps = sorted(int(count) for count in table if way in table[count])
                if not steps:
                    continue
                scores = torch.tensor([table[str(count)][way][key] for count in steps])
                error = scores.std(-1) / scores.shape[-1] ** 0.5
                axis.errorbar(steps, scores.mean(-1), yerr=error, fmt="o-", color=colour)
                ends[way] = (steps[-1], float(scores.mean(-1)[-1]), colour)
            label_ends(axis, ends, gap=0.12, away=0.25 * ends_at)
            counts = sorted(int(count) for count in table)
            axis.set(title=title, xlabel="training steps", xscale="log")
            axis.set_xticks(counts, [f"{count:,}" for count in counts])
            axis.minorticks_off()
            axis.set_xlim(0.85 * counts[0], 7 * counts[-1])
        axes[0].set_ylabel("exact log p(x) (nats per image)")
    return figure


def collapse(activities: Mapping[str, Tensor], differences: Mapping[str, Tensor]) -> Figure:
    """Left activities ``(seeds, D)`` of each way to train, sorted, mean and standard error. Right score minus plain, ``(seeds)``.

    The names of the differences begin with those of the ways.
    """
    figure, (left, right) = new_figure(columns=2, width=4.9, height=3.3)
    colours = dict(zip(activities, (BLACK, BLUE, ORANGE), strict=False))
    with style():
        ends = {}
        for name, activity in activities.items():
            ordered = activity.sort(-1, descending=True).values
            error = ordered.std(0) / len(ordered) ** 0.5
            places = range(1, ordered.shape[-1] + 1)
            left.errorbar(places, ordered.mean(0), yerr=error, fmt="o-", color=colours[name])
            ends[name] = (float(places[-1]), float(ordered.mean(0)[-1]), colours[name])
        label_ends(left, ends, gap=0.07, away=0.3)
        for place, (name, values) in enumerate(differences.items()):
            colour = next((colours[way] for way in colours if name.startswith(way)), GREY)
            across = place + torch.linspace(-0.15, 0.15, len(values))
            right.plot(across, values, "o", color=colour, alpha=0.6)
            error = values.std() / len(values) ** 0.5
            right.errorbar(place, values.mean(), yerr=2 * error, fmt="_", color=BLACK, capsize=4)
        left.set(
            title="Activity at the end",
            xlabel="latent, the most active first",
            ylabel="variance of the posterior mean",
            ylim=(-0.05, 1.15),
            xlim=(0.5, len(places) + 2.6),
        )
        left.set_xticks(list(places))
        right.axhline(0, color=BLACK, linestyle="--", linewidth=1)
        right.set_xticks(range(len(differences)), list(differences))
        right.set(
            title="New images: score minus that of plain training",
            xlabel="way to train (bars: 2 standard errors)",
            ylabel="log p(x), difference (nats)",
            xlim=(-0.6, len(differences) - 0.4),
        )
    return figure


def layers_used(runs: Mapping[str, tuple[Tensor, Tensor]]) -> Figure:
    """Activity of every latent of two layers, one panel for each way to train: (bottom, top)."""
    figure, axes = new_figure(columns=len(runs), width=4.0, height=2.9, sharey=True)
    with style():
        for axis, (name, (bottom, top)) in zip(axes, runs.items(), strict=True):
            axis.bar(
                range(1, len(bottom) + 1),
                bottom.sort(descending=True).values.tolist(),
                color=BLUE,
                label="bottom layer, $z_1$",
            )
            axis.bar(
                range(len(bottom) + 2, len(bottom) + 2 + len(top)),
                top.sort(descending=True).values.tolist(),
                color=ORANGE,
                label="top layer, $z_2$",
            )
            axis.set(title=name, xlabel="latent")
            axis.legend(fontsize=8)
        axes[0].set_ylabel("variance of the posterior mean")
    return figure


def surgery(
    x: Tensor,
    prior: Tensor,
    parts: Sequence[tuple[str, Tensor]],
    bars: Mapping[str, tuple[float, float]],
) -> Figure:
    """Left densities of one latent: prior, aggregate posterior, some single posteriors. Right the average KL in two parts."""
    figure, (left, right) = new_figure(columns=2, width=4.6)
    with style():
        left.plot(x, prior, color=BLACK, linestyle="--", label="prior")
        for i, (name, values) in enumerate(parts):
            single = name != "aggregate posterior"
            first = single and all(other != name for other, _ in parts[:i])
            left.plot(
                x,
                values,
                color=SKY if single else RED,
                linewidth=0.8 if single else 2.2,
                label=name if first or not single else None,
            )
        left.set(title="First latent", xlabel="z", ylabel="density", ylim=(0, 2.2))
        left.legend(fontsize=8)
        _stack(right, bars)
    return figure


def _stack(axis: Axes, bars: Mapping[str, tuple[float, float]]) -> None:
    names = list(bars)
    information, mismatch = ([bars[name][i] for name in names] for i in (0, 1))
    axis.bar(names, information, color=BLUE, label="mutual information of x and z")
    axis.bar(names, mismatch, bottom=information, color=RED, label=r"KL(aggregate $\|$ prior)")
    axis.set(title="The average KL term, in two parts", ylabel="nats", xlabel="model")
    axis.legend(fontsize=8)


def vae_graph() -> Figure:
    """Left the model alone; right the model with its encoder."""
    figure, axes = new_figure(columns=2, width=3.6, height=2.9)
    with style():
        for axis, title, encoder in zip(
            axes, ("First: the model", "Second: the encoder"), (False, True), strict=True
        ):
            blank(axis, title, (-1.6, 1.9), (-0.85, 2.45))
            plate(axis, (-0.6, -0.7, 0.8, 2.15), colour=GREY)
            node(axis, (0, 1.5), "$z_n$")
            node(axis, (0, 0), "$x_n$", shaded=True)
            arrow(axis, (0, 1.5), (0, 0), BLUE)
            axis.text(-1.25, 0.75, r"$\theta$", ha="center", va="center", fontsize=14)
            arrow(axis, (-1.25, 0.75), (0, 0), BLUE)
            if encoder:
                axis.text(1.45, 0.75, r"$\phi$", ha="center", va="center", fontsize=14)
                arrow(axis, (1.45, 0.75), (0, 1.5), RED, line="--")
                arrow(axis, (0, 0), (0, 1.5), RED, bend=0.5, line="--")
    return figure


def two_layers(
    scales: Tensor, gaps: dict[str, Tensor], measured: dict[str, tuple[Tensor, Tensor]]
) -> Figure:
    """Left the model with two layers and its encoder; right the gap of three families over the scale of the transition.

    Args:
        gaps: ``{family: exact gap}``, each over ``scales``.
        measured: ``{family: (scales, measured gaps)}``.
    """
    figure, (left, right) = new_figure(columns=2, width=4.4, height=3.4)
    with style():
        blank(left, "Two stochastic layers", (-1.6, 2.6), (-0.6, 2.7))
        spots = {"z2": (0, 2.2), "z1": (0, 1.1), "x": (0, 0)}
        for name, label in (("z2", "$z_2$"), ("z1", "$z_1$"), ("x", "$x$")):
            node(left, spots[name], label, shaded=name == "x")
        for start, end in (("z2", "z1"), ("z1", "x")):
            arrow(left, spots[start], spots[end], BLUE, bend=0.35)
            arrow(left, spots[end], spots[start], RED, bend=0.35, line="--")
        left.text(1.75, 1.1, r"$\epsilon_1$", color=BLUE, fontsize=13, ha="center", va="center")
        arrow(left, (1.75, 1.1), spots["z1"], BLUE)
        left.text(
            1.75, 0.72, "noise at the\ntransition", color=BLUE, fontsize=8, ha="center", va="top"
        )
        for (name, gap), colour in zip(gaps.items(), (RED, ORANGE, GREEN), strict=True):
            right.plot(scales, gap, color=colour, label=name)
            if name in measured:
                right.plot(*measured[name], "o", color=colour)
        right.plot([], [], "o", color=BLACK, label="measured after fitting")
        right.set(
            title="What a family cannot express",
            xlabel="scale s of the transition",
            ylabel="gap to log p(x) (nats)",
            xscale="log",
            ylim=(-0.05, 1.6),
        )
        right.set_xticks([0.2, 0.5, 1, 2, 5], ["0.2", "0.5", "1", "2", "5"])
        right.minorticks_off()
        right.legend(fontsize=8, loc="upper right")
    return figure
