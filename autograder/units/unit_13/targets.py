"""Figures for the problem set of unit 13: what to aim for, from exact answers, with room for what a learner measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import Tensor, nn

from course_vi.plots.images import picture_rows
from course_vi.plots.style import BLACK, BLUE, GREEN, ORANGE, PALE_BLUE, RED, new_figure, style

__all__ = [
    "activities",
    "bounds",
    "completions",
    "exact_log_likelihood",
    "kl_curves",
    "picture_rows",
    "units",
]


def kl_curves(learner: Callable[[Tensor, Tensor], Tensor] | None = None) -> Figure:
    """The divergence from N(0, 1) over the scale of q, for three means; a learner's values as dots."""
    figure, (axis,) = new_figure(width=5.6, height=3.2)
    s = torch.linspace(0.05, 2.0, 200, dtype=torch.float64)
    at = torch.tensor([0.1, 0.3, 0.6, 1.0, 1.4, 1.8], dtype=torch.float64)
    with style():
        for loc, colour in ((0.0, BLUE), (1.0, GREEN), (2.0, RED)):
            axis.plot(s, 0.5 * (loc**2 + s**2 - 1) - s.log(), color=colour, label=f"mean {loc:g}")
            if learner is not None:
                axis.plot(
                    at, learner(torch.full_like(at, loc), at.log()).detach(), "o", color=colour
                )
        axis.set(
            title="KL(N(m, s²) || N(0, 1))", xlabel="scale s of q", ylabel="nats", ylim=(-0.1, 5)
        )
        axis.legend(fontsize=9)
    return figure


def units(activity: Tensor, kl: Tensor, threshold: float = 0.01) -> Figure:
    """Activity and divergence of each latent, the most active first."""
    order = activity.argsort(descending=True)
    figure, (left, right) = new_figure(columns=2, height=2.8)
    with style():
        places = range(1, len(order) + 1)
        left.bar(places, activity[order].tolist(), color=BLUE)
        left.axhline(threshold, color=RED, linestyle="--", label=f"threshold {threshold:g}")
        left.set(
            title="Activity",
            xlabel="latent, the most active first",
            ylabel="variance of the posterior mean",
        )
        left.legend(fontsize=8)
        right.bar(places, kl[order].tolist(), color=ORANGE)
        right.set(title="Divergence from the prior", xlabel="the same order", ylabel="nats")
        for axis in (left, right):
            axis.set_xticks(places[:: max(1, len(places) // 8)])
    return figure


def activities(predicted_values: Tensor, measured: Tensor | None = None) -> Figure:
    """The activities that theory predicts, and those that training arrived at."""
    figure, (axis,) = new_figure(width=5.6, height=3.0)
    places = range(1, len(predicted_values) + 1)
    with style():
        axis.bar(
            places,
            predicted_values.tolist(),
            color=PALE_BLUE,
            edgecolor=BLUE,
            label="predicted: 1 - sigma² / eigenvalue, or 0",
        )
        if measured is not None:
            axis.plot(places, measured, "o", color=RED, label="measured after training")
        axis.set(
            title="Activity of each latent of a linear VAE",
            xlabel="latent, the most active first",
            ylabel="activity",
            ylim=(-0.05, 1.1),
        )
        axis.legend(fontsize=8)
    return figure


def bounds(
    samples: Sequence[int],
    measured: Tensor,
    exact: float,
    title: str = "Two latents: the bound and the truth",
) -> Figure:
    """Mean importance-sampled log-likelihood over K, with the exact value."""
    figure, (axis,) = new_figure(width=5.6, height=3.2)
    with style():
        axis.axhline(exact, color=BLACK, linestyle="--", label="exact log p(x), on a grid")
        axis.plot(list(samples), measured, "o-", color=BLUE, label="importance sampled, K samples")
        axis.set_xscale("log", base=4)
        axis.set_xticks(list(samples), [str(count) for count in samples])
        axis.set(title=title, xlabel="K", ylabel="nats per image")
        axis.legend(fontsize=8, loc="lower right")
    return figure


def completions(images: Tensor, masked: Tensor, aim: Tensor, mine: Tensor | None = None) -> Figure:
    """Whole images, what is seen of them, the exact completion, and a learner's."""
    rows = [
        ("whole images", images),
        ("what is seen", masked),
        ("the aim: exact predictive means", aim),
    ]
    if mine is not None:
        rows.append(("yours, by importance sampling", mine))
    return picture_rows(rows, len(images))


def exact_log_likelihood(
    decoder: nn.Module, x: Tensor, observed: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """For two latents: log p(x), ``(B,)``, by a sum over a fine grid of z, and the predictive mean of every pixel, ``(B, Dx)``."""
    axis = torch.linspace(-5, 5, 141)
    grid = torch.cartesian_prod(axis, axis)
    observed = torch.ones(x.shape[-1], dtype=torch.bool) if observed is None else observed
    with torch.no_grad():
        logits = decoder(grid)
        seen = logits[:, observed]
        log_likelihood = x[:, observed] @ seen.T - F.softplus(seen).sum(-1)  # (B, grid)
        log_p = log_likelihood - 0.5 * grid.square().sum(-1)
        log_cell = 2 * math.log(axis[1] - axis[0]) - math.log(2 * math.pi)
        return log_p.logsumexp(-1) + log_cell, log_p.softmax(-1) @ logits.sigmoid()
