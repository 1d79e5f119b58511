"""Figures of the second sitting of lecture 02: what people do with a marginal likelihood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
    RED,
    SKY,
    new_figure,
    style,
)

__all__ = ["bandwidth", "hyperparameter", "levels", "occam", "prior_predictive", "stein"]


def prior_predictive(panels: Mapping[str, Tensor], seen: Tensor) -> Figure:
    """What priors predict for a count, a panel each, and below the axis what was counted.

    Args:
        panels: ``{title: probabilities of 0 to n, (n + 1,)}``.
        seen: the counts, ``(N,)``.
    """
    figure, axes = new_figure(columns=len(panels), width=3.3, height=2.9)
    with style():
        for ax, (title, chances) in zip(axes, panels.items(), strict=True):
            count, top = len(chances), 1.15 * float(chances.max())
            ax.bar(range(count), chances, width=0.85, color=GREY)
            for each in seen.tolist():
                ax.plot([each, each], [-0.09 * top, -0.03 * top], color=ORANGE, linewidth=1.4)
            ax.set(title=title, xlabel="hits in 45 at bats", ylim=(-0.1 * top, top))
            ax.title.set_fontsize(9)
        axes[0].set_ylabel("prior predictive probability")
        top = axes[0].get_ylim()[1]
        axes[0].text(22.5, 0.06 * top, "orange: the 18 players", color=BROWN, fontsize=8, ha="center")  # fmt: skip
        figure.suptitle("Vague on one scale is a strong opinion on another", fontsize=11)
    return figure


def occam(models: Mapping[str, tuple[float, float]]) -> Figure:
    """Evidence as best fit less the cost of having had a choice.

    Args:
        models: ``{name: (largest log likelihood, log evidence)}``.
    """
    figure, (ax,) = new_figure(width=6.4, height=2.5)
    with style():
        for row, (fit, evidence) in enumerate(models.values()):
            ax.barh(row, -fit, color=GREEN, height=0.55)
            ax.barh(row, fit - evidence, left=-fit, color=ORANGE, height=0.55)
            ax.text(-fit / 2, row, f"best fit {fit:.1f}", color="white", fontsize=9, ha="center", va="center")  # fmt: skip
            words = f"Occam {evidence - fit:.1f}"
            if fit - evidence > 12:
                ax.text(-(fit + evidence) / 2, row, words, fontsize=9, ha="center", va="center")
                words = ""
            tail = f" = {evidence:.1f}" + (f"  ({words})" if words else "")
            ax.text(-evidence + 0.6, row, tail, fontsize=9, va="center")
        ax.set(
            title="The better fit loses: it had too many ways to fit",
            xlabel="minus log evidence (nats): shorter is better",
            yticks=range(len(models)),
            yticklabels=list(models),
            xlim=(0, 1.22 * max(-evidence for _, evidence in models.values())),
            ylim=(-0.5, len(models) - 0.5),
        )
        ax.grid(False, axis="y")
        ax.invert_yaxis()
    return figure


def levels(
    estimates: Mapping[str, Tensor], truth: Tensor, scores: Mapping[str, Tensor], reference: str
) -> Figure:
    """Estimates of the same players at several levels, the truth last; and the score of each level less that of a reference.

    Args:
        estimates: ``{level: (players,)}``.
        truth: ``(players,)``.
        scores: log predictive densities, ``{level: (players,)}``; a bar is the mean difference, with two standard errors.
    """
    figure, (left, right) = new_figure(columns=2, width=4.8, height=3.9)
    with style():
        table = torch.stack([*estimates.values(), truth])
        for player in table.T:
            left.plot(range(len(estimates)), player[:-1], color=BLUE, linewidth=0.9, alpha=0.7)
            left.plot([len(estimates) - 1, len(estimates)], player[-2:], color=GREY, linewidth=0.8, alpha=0.7)  # fmt: skip
        for column, values in enumerate(table):
            colour = BLACK if column == len(estimates) else BLUE
            left.plot([column] * len(values), values, "o", color=colour, markersize=3.5)
        left.set(
            title="From ML-II on, the players stand close together",
            xlabel="level",
            ylabel="batting average",
            xticks=range(len(table)),
            xticklabels=[*(name.replace(" ", "\n") for name in estimates), "rest of\nseason"],
        )
        left.tick_params(axis="x", labelsize=8)
        for row, score in enumerate(scores.values()):
            gap = score - scores[reference]
            mean, error = float(gap.mean()), float(gap.std()) / len(gap) ** 0.5
            right.errorbar([mean], [row], xerr=[2 * error], fmt="o", color=BLUE, markersize=5)
        right.axvline(0.0, color=BLACK, linewidth=1.0, linestyle="--")
        right.set(
            title="Rest of the season, predicted",
            xlabel=f"log score less that of {reference} (nats a player)",
            ylabel="level",
            yticks=range(len(scores)),
            yticklabels=list(scores),
        )
        right.invert_yaxis()
    return figure


def hyperparameter(
    tau: Tensor, seasons: Mapping[str, Tensor], priors: Mapping[str, Tensor]
) -> Figure:
    """Evidence over the spread of talent, alone and times several priors, each scaled to a top of one and marked there.

    Args:
        tau: ``(n,)``.
        seasons: ``{title: log evidence, (n,)}``, a panel each.
        priors: ``{name: log density, (n,)}``.
    """
    figure, axes = new_figure(columns=len(seasons), width=4.6, height=3.5)
    colours = (SKY, PINK, GREEN)
    with style():
        for ax, (title, evidence) in zip(axes, seasons.items(), strict=True):
            curves = {"evidence alone": evidence}
            curves |= {f"times {name}": evidence + prior for name, prior in priors.items()}
            for (name, curve), colour in zip(curves.items(), (BLACK, *colours), strict=False):
                height, best = (curve - curve.max()).exp(), int(curve.argmax())
                ax.plot(1000 * tau, height, color=colour, label=name)
                ax.plot(
                    [1000 * float(tau[best])],
                    [1.0],
                    "v",
                    color=colour,
                    markersize=9,
                    clip_on=False,
                    zorder=4,
                )
            ax.set(title=title, xlabel=r"spread of talent $\tau$ (thousandths)", ylim=(0, 1.08))
        axes[0].set_ylabel("relative to the highest point")
        axes[-1].legend(fontsize=8, loc="upper right")
    return figure


def stein(theta: Tensor, risks: Mapping[int, Tensor]) -> Figure:
    """Risk of James and Stein's estimator over the length of the true mean, per dimension, with the risk of the data themselves.

    Args:
        theta: lengths, ``(n,)``.
        risks: ``{D: (seeds, n)}``.
    """
    figure, (ax,) = new_figure(width=5.8, height=3.5)
    with style():
        ax.axhline(1.0, color=BLACK, linestyle="--", linewidth=1.3)
        ax.text(float(theta[-1]), 1.02, "x itself, in every dimension", fontsize=8, ha="right", va="bottom")  # fmt: skip
        for (D, runs), colour in zip(risks.items(), (ORANGE, BLUE, RED), strict=False):
            mean, error = runs.mean(0) / D, runs.std(0) / len(runs) ** 0.5 / D
            ax.errorbar(theta, mean, 2 * error, fmt="o-", color=colour, markersize=4, linewidth=1.0)
            ax.text(float(theta[2]) + 0.15, float(mean[2]) - 0.04, f"D = {D}", color=colour, fontsize=9, va="top")  # fmt: skip
        ax.set(
            title="Three means or more: shrinking never loses",
            xlabel=r"length of the true mean, $|\theta|$",
            ylabel="expected squared error, over D",
            ylim=(0, 1.15),
        )
    return figure


def bandwidth(
    lengths: Sequence[float],
    parts: Mapping[str, Tensor],
    years: Tensor,
    flow: Tensor,
    curves: Mapping[str, Tensor],
) -> Figure:
    """Log evidence of a Gaussian process over its lengthscale, split in two, and the curves at its two tops.

    Args:
        parts: ``{"evidence", "fit" or "complexity": (n,)}``.
        curves: ``{label: posterior mean, (T,)}`` over ``years``, beside the data ``flow``, ``(T,)`` both.
    """
    figure, (left, right) = new_figure(columns=2, width=4.8, height=3.6)
    colours = {"evidence": BLACK, "fit": GREEN, "complexity": ORANGE}
    with style():
        for name, values in parts.items():
            left.semilogx(lengths, values - values.max(), color=colours[name])
        for name, at, up in (
            ("fit", len(lengths) // 2, -2.0),
            ("complexity", len(lengths) // 4, -1.2),
            ("evidence", len(lengths) // 2, 0.8),
        ):
            values = parts[name] - parts[name].max()
            place = (1.1 * lengths[at], float(values[at]) + up)
            left.text(*place, name, color=colours[name], fontsize=9)
        left.set(
            title="Two tops: years, or decades",
            xlabel="lengthscale (years)",
            ylabel="nats below its own highest point",
        )
        left.set_ylim(None, 2.5)
        right.plot(years, flow, "o", color=GREY, markersize=3)
        for (label, curve), colour in zip(curves.items(), (BLUE, RED), strict=False):
            right.plot(years, curve, color=colour, label=label)
        right.legend(fontsize=8, loc="upper right")
        right.set(title="Two explanations of the Nile", xlabel="year", ylabel="flow, standardized")
    return figure
