"""Figures of lecture 13, Variational autoencoders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Circle, Ellipse
from torch import Tensor
from torch.distributions import Distribution

from course_vi.plots.images import picture_grid, picture_rows
from course_vi.plots.lecture_13b import arena, collapse, layers_used, surgery, two_layers, vae_graph
from course_vi.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PALE_GREEN,
    PALE_GREY,
    PINK,
    RED,
    SKY,
    new_figure,
    style,
)

__all__ = [
    "arena",
    "collapse",
    "evidence_bias",
    "infinite_mixtures",
    "layers_used",
    "manifold",
    "maps",
    "picture_rows",
    "scale_maps",
    "surgery",
    "three_variances",
    "two_layers",
    "vae_graph",
    "water_filling",
]


COLOURS = (BLUE, RED, GREEN, ORANGE, PINK, SKY)

ESTIMATORS = (
    RED,
    GREEN,
    BLUE,
)  # total derivative, closed form, sticking the landing: as in unit 09


def maps(
    panels: Sequence[tuple[str, Tensor, Tensor | None, float]],
    posteriors: Distribution | None = None,
) -> Figure:
    """Codes in the plane, coloured by digit where there are labels, with circles at one and two standard deviations of the prior.

    Args:
        panels: (title, codes ``(N, 2)``, labels ``(N)`` or None, half the width of the page).
        posteriors: drawn in the last panel as ellipses of one standard deviation, ``(M, 2)``.
    """
    figure, axes = new_figure(columns=len(panels), width=4.0, height=3.7)
    with style():
        for axis, (title, codes, labels, reach) in zip(axes, panels, strict=True):
            colour: dict[str, Any] = {"color": BLUE}
            if labels is not None:
                colour = {"c": labels.cpu().tolist(), "cmap": "tab10", "vmin": -0.5, "vmax": 9.5}
            first, second = codes.detach().cpu().T.tolist()
            points = axis.scatter(first, second, s=7, alpha=0.8, linewidths=0, **colour)
            for radius in (1, 2):
                axis.add_patch(
                    Circle((0, 0), radius, fill=False, edgecolor=BLACK, linestyle="--", linewidth=1)
                )
            axis.set(
                title=title,
                xlabel="first latent",
                ylabel="second latent",
                xlim=(-reach, reach),
                ylim=(-reach, reach),
                aspect="equal",
            )
        if posteriors is not None:
            for centre, size in zip(
                posteriors.mean.tolist(), posteriors.stddev.tolist(), strict=True
            ):
                axes[-1].add_patch(
                    Ellipse(
                        (centre[0], centre[1]),
                        2 * size[0],
                        2 * size[1],
                        fill=False,
                        edgecolor=BLACK,
                        linewidth=0.8,
                    )
                )
        if panels[-1][2] is not None:
            figure.colorbar(points, ax=axes, ticks=range(10), label="digit", shrink=0.8)
    return figure


def infinite_mixtures(
    x: Tensor,
    panels: Sequence[tuple[str, Tensor, Tensor]],
    extent: tuple[float, float, float, float],
) -> Figure:
    """Data, and the density of x under models with one latent, with the curve of their means.

    Args:
        panels: (title, density ``(H, W)`` over ``extent``, means ``(M, 2)`` along the latent).
    """
    figure, axes = new_figure(columns=len(panels), width=4.4, height=3.2)
    with style():
        for axis, (title, density, means) in zip(axes, panels, strict=True):
            axis.imshow(density, origin="lower", extent=extent, aspect="auto", cmap="Blues")
            axis.plot(*x.T.tolist(), ".", color=GREY, markersize=2.5, label="data")
            axis.plot(*means.T.tolist(), color=RED, label="means, along z")
            axis.set(title=title, xlabel="$x_1$", ylabel="$x_2$", xlim=extent[:2], ylim=extent[2:])
            axis.legend(fontsize=8, loc="lower left", frameon=True, framealpha=0.9)
            axis.grid(False)
    return figure


def three_variances(
    exact: Mapping[str, Tensor], scales: Tensor, measured: Mapping[str, tuple[float, float]]
) -> Figure:
    """Variance of the gradient of the mean for three estimators over the scale of q; measured at one scale, ``{name: (s, value)}``."""
    figure, (axis,) = new_figure(width=6.8, height=3.1)
    with style():
        for (name, values), colour in zip(exact.items(), ESTIMATORS, strict=False):
            axis.plot(scales, values, color=colour)
            axis.plot(*measured[name], "o", color=colour)
            axis.annotate(
                name,
                (float(scales[-1]), min(float(values[-1]), 3.8)),
                xytext=(6, 0),
                textcoords="offset points",
                color=colour,
                fontsize=9,
                va="center",
                annotation_clip=False,
            )
        axis.axvline(0.5**0.5, color=GREY, linestyle=":")
        axis.text(0.5**0.5 + 0.01, 3.6, "the posterior's scale", color=GREY, fontsize=8)
        axis.set(
            title="Toy: variance of the gradient of the mean (dots: measured)",
            xlabel="scale $s$ of $q$",
            ylabel="variance (nats / unit of $z$)$^2$",
            ylim=(-0.15, 4),
        )
    return figure


def manifold(pictures: Tensor, columns: int, title: str) -> Figure:
    """A page of decoded pictures over a grid of latents."""
    figure, (axis,) = new_figure(width=5.6, height=5.8)
    with style():
        picture_grid(axis, pictures, columns, title)
        axis.set(
            xlabel="first latent, quantiles of the prior",
            ylabel="second latent, quantiles of the prior",
        )
    return figure


def scale_maps(
    image: Tensor, pages: Sequence[tuple[str, Tensor]], scores: Mapping[str, tuple[float, float]]
) -> Figure:
    """An image, learned scales as pictures on one colour scale, and the test log-density of each likelihood with two standard errors."""
    figure, axes = new_figure(columns=len(pages) + 2, width=2.7, height=2.9)
    side = round(len(image) ** 0.5)
    with style():
        axes[0].imshow(1 - image.reshape(side, side), cmap="gray", vmin=0, vmax=1)
        axes[0].set_title("a seven")
        for axis, (title, values) in zip(axes[1:], pages, strict=False):
            shown = axis.imshow(
                values.detach().reshape(side, side), cmap="viridis", vmin=0, vmax=0.35
            )
            axis.set_title(title, fontsize=10)
        for axis in axes[:-1]:
            axis.set_xticks([]), axis.set_yticks([])
            axis.grid(False)
        figure.colorbar(shown, ax=axes[-2], shrink=0.7, label=r"scale $\sigma$")
        last = axes[-1]
        last.barh(
            range(len(scores)),
            [value for value, _ in scores.values()],
            xerr=[2 * error for _, error in scores.values()],
            color=SKY,
        )
        last.axvline(0, color=BLACK, linewidth=0.8)
        last.set_yticks(range(len(scores)), list(scores), fontsize=8)
        last.invert_yaxis()
        last.set(title="New images", xlabel="log-density (nats per image)")
    return figure


def evidence_bias(counts: Tensor, gaps: Mapping[str, Sequence[float]], predicted: Tensor) -> Figure:
    """How far the importance-sampled log-likelihood lies below the exact one, over K, on log scales."""
    figure, (axis,) = new_figure(width=6.0, height=3.4)
    with style():
        for (name, gap), colour, mark in zip(gaps.items(), COLOURS, "os^D", strict=False):
            axis.plot(counts, gap, mark + "-", color=colour, label=name)
        axis.plot(
            counts,
            predicted,
            color=BLACK,
            linestyle="--",
            label="predicted, wider, middle image: v / 2K",
        )
        axis.set(
            title="How far below the exact log p(x)",
            xlabel="K",
            ylabel="nats",
            xscale="log",
            yscale="log",
        )
        axis.legend(fontsize=8)
    return figure


def water_filling(
    eigenvalues: Tensor,
    water: float,
    predicted: Tensor,
    measured: Tensor,
    activity: Tensor,
    remaining: Tensor,
) -> Figure:
    """A linear VAE. Eigenvalues above the water; rates, predicted and measured; activity and posterior variance, stacked."""
    figure, (left, middle, right) = new_figure(columns=3, width=3.8, height=3.1)
    places = range(1, len(predicted) + 1)
    with style():
        floor = water / 10
        numbers = range(1, len(eigenvalues) + 1)
        dry = [GREEN if value > water else GREY for value in eigenvalues.tolist()]
        left.bar(numbers, (eigenvalues - floor).clamp_min(0), bottom=floor, color=dry)
        left.axhspan(floor, water, color=SKY, alpha=0.35)
        left.axhline(water, color=BLUE, linewidth=1.2)
        left.text(len(numbers) + 0.4, 1.1 * water, r"water, $\sigma^2$", color=BLUE, ha="right")
        left.set(
            title="What stands above the water is sent",
            xlabel="principal axis",
            ylabel=r"eigenvalue $\lambda_i$",
            yscale="log",
            ylim=(floor, None),
        )
        middle.bar(places, predicted.tolist(), color=PALE_GREEN, edgecolor=GREEN)
        middle.plot(places, measured, "o", color=BLACK, markersize=5)
        middle.text(
            0.97,
            0.95,
            r"bars: $\frac{1}{2}\log(\lambda_i / \sigma^2)$" + "\ndots: measured KL",
            transform=middle.transAxes,
            ha="right",
            va="top",
        )
        middle.set(title="Its rate", xlabel="latent", ylabel="average KL (nats)")
        right.bar(places, activity.tolist(), color=GREEN)
        right.bar(places, remaining.tolist(), bottom=activity.tolist(), color=PALE_GREY)
        right.axhline(1, color=BLACK, linestyle="--", linewidth=1)
        right.text(2.2, 0.35, "activity", color="white", ha="center", fontsize=9)
        right.text(11, 0.5, "posterior\nvariance", color=BLACK, ha="center", fontsize=9)
        right.set(
            title="The two add up to the prior's variance",
            xlabel="latent",
            ylabel="variance",
            ylim=(0, 1.12),
        )
    return figure
