"""Figures of lecture 15, VAE variants: what is sent and what is lost, what a prior leaves open, and what metrics make of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from course_vi.plots.images import picture_rows
from course_vi.plots.primitives import label_ends
from course_vi.plots.style import (
    BLACK,
    BLUE,
    BROWN,
    EXACT,
    GREEN,
    ORANGE,
    PALE_GREY,
    PINK,
    QUIET,
    RED,
    new_figure,
    style,
)

__all__ = [
    "coin_curve",
    "gap_over_angle",
    "kept_contents",
    "latent_maps",
    "picture_rows",
    "rate_curve",
    "ratio_bias",
    "told_of_factors",
    "two_metrics",
]

WAYS = {"VAE": BLACK, "beta-VAE": BLUE, "FactorVAE": ORANGE}


def coin_curve(curve: tuple[Tensor, Tensor], points: Mapping[float, tuple[float, float]]) -> Figure:
    """Shannon's curve of a coin, and the tables of several weights on it, each with its tangent.

    Args:
        curve: distortions and rates, ``(n,)`` each.
        points: ``{beta: (distortion, rate)}``.
    """
    figure, (ax,) = new_figure(width=6.2, height=3.5)
    top = float(curve[1].max())
    with style():
        ax.plot(*curve, color=EXACT)
        for beta, (distortion, rate) in points.items():
            ax.plot([distortion], [rate], "o", color=BLUE, clip_on=False, zorder=4)
            if rate > 1e-6:
                reach = torch.tensor([-0.04, 0.04])
                ax.plot(distortion + reach, rate - reach / beta, color=BLUE, linewidth=1, alpha=0.6)
            words = rf"$\beta = {beta:g}$"
            _beside(ax, words, (distortion, rate), (8, 6), BLUE)
        ax.text(0.03 * float(curve[0].max()), 0.12 * top, "below the curve: impossible", color=QUIET, fontsize=9)  # fmt: skip
        ax.set(title="Each weight finds the point where the curve has its slope")
        ax.set(xlabel="distortion: share of wrong bits", ylabel="rate (nats a toss)")
        ax.set(ylim=(-0.02, 1.08 * top), xlim=(0.0, 1.15 * float(curve[0].max())))
    return figure


def rate_curve(
    curve: tuple[Tensor, Tensor],
    series: Mapping[str, Mapping[str, tuple[Tensor, Tensor]]],
    title: str,
) -> Figure:
    r"""Rates over distortions: a Gaussian source's curve, and autoencoders of several weights.

    Args:
        curve: distortions and rates of the Gaussian, ``(n,)`` each.
        series: ``{name: {beta: (distortions, rates)}}``, one number for each seed; a single one has no error bar.
    """
    figure, (ax,) = new_figure(width=6.4, height=3.8)
    colours = (GREEN, BLUE)
    with style():
        ax.plot(*curve, color=EXACT, linewidth=1.4)
        for (name, points), colour in zip(series.items(), colours, strict=False):
            means = []
            for beta, (distortion, rate) in points.items():
                at = (float(distortion.mean()), float(rate.mean()))
                means.append(at)
                many = len(rate) > 1
                wide = 2 * float(distortion.std()) / len(rate) ** 0.5 if many else None
                high = 2 * float(rate.std()) / len(rate) ** 0.5 if many else None
                ax.errorbar(*at, xerr=wide, yerr=high, fmt="o", color=colour, markersize=6)
                if colour == colours[len(series) - 1]:
                    _beside(ax, rf"$\beta = {beta}$", at, (-6, -12), colour, "right")
            _beside(ax, name, min(means), (12, 6), colour)
        end = int(0.55 * len(curve[0]))
        at = (float(curve[0][end]), float(curve[1][end]))
        _beside(ax, "Gaussian with this covariance", at, (14, 14), EXACT)
        ax.set(title=title, xlabel="distortion: squared error per image", ylabel="rate (nats per image)")  # fmt: skip
        top = 1.6 * max(
            float(rate.max()) for points in series.values() for _, rate in points.values()
        )
        ax.set(xlim=(0, None), ylim=(-0.08 * top, top))
    return figure


def _beside(
    ax: Axes,
    words: str,
    at: tuple[float, float],
    shift: tuple[float, float],
    colour: str,
    side: str = "left",
) -> None:
    """Words that stand a few points away from a place."""
    ax.annotate(
        words, at, xytext=shift, textcoords="offset points", color=colour, fontsize=9, ha=side
    )


def ratio_bias(steps: Tensor, told: Mapping[int, tuple[Tensor, Tensor]], exact: float) -> Figure:
    """Total correlation as discriminators tell it while they learn, of the rows they learn from and of fresh ones.

    Args:
        steps: ``(n,)``.
        told: ``{rows: (own, fresh)}``, ``(n, seeds)`` each.
        exact: the true value.
    """
    figure, axes = new_figure(columns=len(told), width=4.3, height=3.4, sharey=True)
    with style():
        for ax, (rows, both) in zip(axes, told.items(), strict=True):
            ends = {}
            for name, values, colour in zip(
                ("own rows", "fresh rows"), both, (RED, BLUE), strict=True
            ):
                middle, error = values.mean(1), values.std(1) / values.shape[1] ** 0.5
                ax.plot(steps, middle, color=colour)
                ax.fill_between(steps, middle - 2 * error, middle + 2 * error, color=colour, alpha=0.25, linewidth=0)  # fmt: skip
                ends[name] = (float(steps[-1]), float(middle[-1]), colour)
            ax.axhline(exact, color=EXACT, linestyle="--", linewidth=1.2)
            label_ends(ax, ends, gap=0.09, away=0.15 * float(steps[-1]))
            ax.set(title=f"{rows:,} rows", xlabel="steps of training", xscale="log")
            ax.set(xlim=(float(steps[0]), 6 * float(steps[-1])), ylim=(-0.05, 0.85))
        axes[0].text(float(steps[0]) * 1.1, exact + 0.04, "exact", fontsize=9)
        axes[0].set_ylabel("total correlation as told (nats)")
    return figure


def latent_maps(maps: Mapping[str, Tensor], samples: Tensor, angles: Tensor) -> Figure:
    """What one-to-one maps do to a square grid of latents, with draws of the prior, mapped, behind it.

    Args:
        maps: ``{title: (lines, points, 2)}``.
        samples: mapped draws of the prior for each of them, ``(M, n, 2)``.
        angles: of the draws before they were mapped, for the colours, ``(n,)``.
    """
    figure, axes = new_figure(columns=len(maps), width=3.2, height=3.4)
    with style():
        for ax, (title, lines), cloud in zip(axes, maps.items(), samples, strict=True):
            first, second = cloud.T.tolist()
            ax.scatter(first, second, c=angles.tolist(), cmap="twilight", s=5, linewidths=0)
            for line in lines:
                ax.plot(*line.T.tolist(), color=BLACK, linewidth=0.8)
            ax.set(title=title, xlabel="first latent", ylabel="second latent")
            ax.set(xlim=(-3.2, 3.2), ylim=(-3.2, 3.2), aspect="equal")
            ax.grid(False)
    return figure


def gap_over_angle(degrees: Tensor, gaps: Mapping[str, Tensor]) -> Figure:
    """What a diagonal q loses when the latent plane is turned, for several pairs of eigenvalues, ``{words: (n,)}``."""
    figure, (ax,) = new_figure(width=6.2, height=3.4)
    with style():
        ends = {}
        for (name, gap), colour in zip(gaps.items(), (BLUE, ORANGE, BLACK), strict=False):
            ax.plot(degrees, gap, color=colour)
            middle = len(degrees) // 2
            words = {ORANGE: BROWN}.get(colour, colour)
            ends[name] = (float(degrees[middle]), float(gap[middle]), words)
        for name, (at, high, colour) in ends.items():
            _beside(ax, name, (at, high), (0, 5), colour, "center")
        top = max(float(gap.max()) for gap in gaps.values())
        ax.set(
            title="A diagonal q sees the axes that the prior does not",
            ylim=(-0.04 * top, 1.2 * top),
        )
        ax.set(xlabel="turn of the latent plane (degrees)", ylabel=r"$\log p(x)$ minus ELBO (nats)")
    return figure


def told_of_factors(panels: Mapping[str, Tensor], factors: Sequence[str]) -> Figure:
    """How many nats each latent tells of each factor: ``{title: (D, F)}``, on one scale of colour."""
    figure, axes = new_figure(columns=len(panels), width=3.3, height=3.2)
    top = max(float(values.max()) for values in panels.values())
    with style():
        for ax, (title, values) in zip(axes, panels.items(), strict=True):
            shown = ax.imshow(values, cmap="cividis", vmin=0, vmax=top, aspect="auto")
            ax.set_xticks(range(len(factors)), factors)
            ax.set_yticks(range(len(values)), [str(row + 1) for row in range(len(values))])
            ax.set(title=title, xlabel="factor", ylabel="latent")
            ax.grid(False)
        figure.colorbar(shown, ax=axes, label="information (nats)", shrink=0.85)
    return figure


def two_metrics(gaps: Mapping[str, Tensor], scores: Mapping[str, Tensor]) -> Figure:
    """Two metrics of the same representations: a dot for each seed, and each way's mean with two standard errors.

    Args:
        gaps, scores: ``{way: (seeds,)}``.
    """
    figure, (ax,) = new_figure(width=6.0, height=3.8)
    with style():
        for way, colour in WAYS.items():
            gap, score = gaps[way], scores[way]
            ax.plot(gap, score, "o", color=colour, alpha=0.45, markersize=6)
            bars = [2 * float(values.std()) / len(values) ** 0.5 for values in (gap, score)]
            at = (float(gap.mean()), float(score.mean()))
            ax.errorbar(
                *at, xerr=bars[0], yerr=bars[1], fmt="D", color=colour, markersize=8, capsize=3
            )
            words = {ORANGE: BROWN}.get(colour, colour)
            _beside(ax, way, at, (9, -14), words)
        ax.set(title="Seeds (dots) and means (diamonds) under two metrics")
        ax.set(xlabel="mutual information gap", ylabel="FactorVAE's score")
        ax.set(xlim=(0, None), ylim=(None, 1.02))
    return figure


def kept_contents(shares: Mapping[str, Mapping[str, Tensor]], title: str) -> Figure:
    """Share of relabelled pictures that keep each factor, mean over seeds with two standard errors: ``{case: {factor: (seeds,)}}``."""
    figure, (ax,) = new_figure(width=6.8, height=3.3)
    colours, width = (GREEN, ORANGE, PINK), 0.8 / len(shares)
    with style():
        for place, ((case, parts), colour) in enumerate(zip(shares.items(), colours, strict=False)):
            at = [index + (place - (len(shares) - 1) / 2) * width for index in range(len(parts))]
            means = [float(values.mean()) for values in parts.values()]
            errors = [2 * float(values.std()) / len(values) ** 0.5 for values in parts.values()]
            ax.bar(at, means, width * 0.92, yerr=errors, color=colour, label=case, capsize=3)
        names = list(next(iter(shares.values())))
        ax.axhline(1.0, color=PALE_GREY, linewidth=1)
        ax.set_xticks(range(len(names)), names)
        ax.legend(fontsize=9, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=len(shares))
        ax.set(title=title, ylabel="share of pictures", xlabel=" ", ylim=(0, 1.08))
    return figure
