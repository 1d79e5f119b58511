"""Gaussians in the plane as ellipses: of clusters on their data, and of a posterior and its approximation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from course_vi.models import GaussianMixture
from course_vi.plots.style import (  # fmt: skip
    BLACK,
    BLUE,
    BROWN,
    GREEN,
    GREY,
    ORANGE,
    PINK,
    RED,
    SKY,
    YELLOW,
    new_figure,
    style,
)

__all__ = ["clusters", "pruned", "two_gaussians"]

COLOURS = (BLUE, ORANGE, GREEN, PINK, RED, SKY, YELLOW, GREY, BLACK, BROWN)
MARKS = ("o", "^", "s")


class Mixture(Protocol):
    """A Bayesian mixture as CAVI leaves it: ``responsibilities (N, C)``, mean ``weights (C,)``, ``clusters`` normal-Wishart."""

    @property
    def responsibilities(self) -> Tensor: ...
    @property
    def weights(self) -> Tensor: ...
    @property
    def clusters(self) -> Any: ...


def ellipse(ax: Axes, loc: Tensor, covariance: Tensor, colour: str, line: str = "-") -> None:
    """Two standard deviations of N(loc, covariance)."""
    angle = torch.linspace(0, 2 * math.pi, 80, dtype=covariance.dtype)
    circle = torch.stack([angle.cos(), angle.sin()])
    curve = loc[:, None] + 2 * torch.linalg.cholesky(covariance) @ circle
    ax.plot(*curve, color=colour, linewidth=1.6, linestyle=line)


def mixed(responsibilities: Tensor) -> Tensor:
    """Colours of data, ``(N, 3)``: those of the clusters, mixed as the responsibilities say."""
    parts = [[int(c[k : k + 2], 16) / 255 for k in (1, 3, 5)] for c in COLOURS]
    palette = torch.tensor(parts[: responsibilities.shape[1]], dtype=responsibilities.dtype)
    return (responsibilities @ palette).clamp(0, 1)


def clusters(
    x: Tensor, panels: Sequence[tuple[str, GaussianMixture, Tensor]], kinds: Tensor
) -> Figure:
    """Mixtures on their data.

    Args:
        x: data, ``(N, 2)``, (length, width) of petals.
        panels: (title, mixture, responsibilities ``(N, C)``).
        kinds: what the mixture does not know, ``(N,)``: 0, 1 or 2, shown by the shape of a mark.
    """
    figure, axes = new_figure(columns=len(panels), width=4.4, height=3.6, sharex=True, sharey=True)
    with style():
        for ax, (title, mixture, r) in zip(axes, panels, strict=True):
            for kind, mark in enumerate(MARKS):
                here = kinds == kind
                ax.scatter(
                    x[here, 0],
                    x[here, 1],
                    c=mixed(r[here]).numpy(),
                    marker=mark,
                    s=16,
                    alpha=0.8,
                )
            for c in range(mixture.clusters):
                root = mixture.roots[c].detach()
                ellipse(ax, mixture.locs[c].detach(), root @ root.mT, COLOURS[c])
            ax.set(title=title, xlabel="petal length (cm)")
        axes[0].set_ylabel("petal width (cm)")
    return figure


def pruned(x: Tensor, left: Mixture, right: Mixture) -> Figure:
    """Two Bayesian mixtures with many clusters, and the mean weights of the clusters below.

    Args:
        x: data, ``(N, 2)``.
        left, right: what CAVI found with a small and with a large concentration.
    """
    figure, axes = new_figure(columns=2, rows=2, width=4.4, height=2.6)
    with style():
        for column, (title, q) in enumerate(
            (
                (r"$\alpha = 0.001$: most have no data", left),
                (r"$\alpha = 10$: all are used", right),
            )
        ):
            top, low = axes[column], axes[2 + column]
            top.scatter(x[:, 0], x[:, 1], c=mixed(q.responsibilities).numpy(), s=12)
            covariances = q.clusters.inverse_scale / q.clusters.dof[:, None, None]
            counts = q.responsibilities.sum(0)
            for c in range(len(counts)):
                if counts[c] > 1:
                    ellipse(top, q.clusters.loc[c], covariances[c], COLOURS[c])
            top.set(title=title, xlabel="petal length (cm)", xlim=(0.5, 7.5), ylim=(-0.3, 3))
            low.bar(range(1, len(counts) + 1), q.weights.tolist(), color=COLOURS[: len(counts)])
            low.set(title="Mean weights", xlabel="cluster", ylim=(0, 0.55))
        axes[0].set_ylabel("petal width (cm)"), axes[2].set_ylabel("mean weight (share)")
    return figure


def two_gaussians(covariance: Tensor, path: Tensor, scales: Tensor) -> Figure:
    """A Gaussian posterior at zero, the mean-field answer with these ``scales: (2,)``, and the path of its means, ``(n, 2)``."""
    figure, (ax,) = new_figure(width=4.8, height=4.4)
    with style():
        zero = torch.zeros(2, dtype=covariance.dtype)
        ellipse(ax, zero, covariance, BLACK)
        ellipse(ax, zero, torch.diag(scales**2), BLUE)
        ax.plot(*path.T, "o-", color=RED, markersize=3, linewidth=1.2)
        ax.text(1.1, 1.9, "posterior", ha="right")
        ax.text(0.75, -1.05, "mean field", color=BLUE)
        ax.text(-2.8, -0.85, "one factor\nat a time", color=RED, fontsize=9)
        ax.set(
            title="As wide as the posterior is along an axis",
            xlabel="$z_1$",
            ylabel="$z_2$",
            aspect="equal",
            xlim=(-2.9, 2.6),
            ylim=(-2.6, 2.6),
        )
    return figure
