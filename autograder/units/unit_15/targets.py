"""Figures to aim for in problem set 15, and the training that they show: a linear beta-VAE of the course, by draws."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import torch
from matplotlib.figure import Figure
from torch import Tensor

from course_vi.data import digits
from course_vi.families import Amortized, MeanField
from course_vi.learning import fit
from course_vi.learning.factor_vae import beta_weighted
from course_vi.models import VAE
from course_vi.nets import mlp
from course_vi.plots.style import BLUE, RED, new_figure, style

__all__ = ["Point", "curve", "few_digits", "gaussian_rows", "trained"]


class Point(NamedTuple):
    """What a trained model has come to.

    Attributes:
        noise: sigma squared, learned.
        rate, distortion: means over data and draws, with their standard errors.
        active: latents whose mean divergence from the prior exceeds a hundredth of a nat.
    """

    beta: float
    noise: float
    rate: float
    rate_error: float
    distortion: float
    distortion_error: float
    active: int


def gaussian_rows(eigenvalues: Tensor, rows: int, seed: int = 0) -> Tensor:
    """Rows with mean zero whose covariance (dividing by their number) is diagonal, with exactly these entries."""
    generator = torch.Generator().manual_seed(seed)
    raw = torch.randn(rows, len(eigenvalues), generator=generator, dtype=torch.float64)
    white = torch.linalg.svd(raw - raw.mean(0), full_matrices=False)[0] * rows**0.5
    return white * eigenvalues.sqrt()


def trained(
    eigenvalues: Tensor,
    latents: int,
    beta: float,
    steps: int = 600,
    rows: int = 400,
    draws: int = 50,
    seed: int = 0,
) -> Point:
    """A linear VAE of the course with mean-field encoder and learned noise, trained by draws with falling rates.

    Args:
        steps: with each of three learning rates.
        draws: of z for each row, with which rate and distortion are measured.
    """
    dim, generator = len(eigenvalues), torch.Generator().manual_seed(seed)
    x = gaussian_rows(eigenvalues, rows, seed)
    p = VAE(latents, dim, 0, generator, likelihood="gaussian", scale="shared").double()
    q = Amortized(MeanField(latents), mlp(dim, 0, 2 * latents, generator)).double()
    for rate in (0.03, 0.01, 0.002):
        fit(
            p,
            q,
            x,
            partial(beta_weighted, beta=beta),
            steps=steps,
            learning_rate=rate,
            batch_size=rows,
            seed=seed,
            progress=False,
        )
    with torch.no_grad():
        loc, log_scale = q.encoder(x).chunk(2, -1)
        divergence = 0.5 * (loc**2 + (2 * log_scale).exp() - 1) - log_scale
        eps = torch.randn(draws, rows, latents, generator=generator, dtype=torch.float64)
        off = (x - p.likelihood(loc + log_scale.exp() * eps).mean).square().sum(-1).flatten()
        scale = p.likelihood(loc).stddev
    rates = divergence.sum(-1)
    return Point(
        beta,
        float(scale.square().mean()),
        float(rates.mean()),
        float(rates.std() / rows**0.5),
        float(off.mean()),
        float(off.std() / off.numel() ** 0.5),
        int((divergence.mean(0) > 0.01).sum()),
    )


def few_digits(which: str, kinds: int = 5) -> tuple[Tensor, Tensor]:
    """Binary images of the first digits, ``(N, 64)``, and their labels, one-hot, ``(N, kinds)``.

    Args:
        which: ``"train"`` or ``"test"``.
    """
    if which not in ("train", "test"):
        raise ValueError(f"which is {which!r}; expected 'train' or 'test'")
    images = digits()
    x, labels = (
        (images.train, images.train_labels)
        if which == "train"
        else (images.test, images.test_labels)
    )
    kept = labels < kinds
    return x[kept], torch.eye(kinds)[labels[kept]]


def curve(points: Sequence[Point], mine: Tensor | None = None) -> Figure:
    """Distortion over rate of trained models; with a learner's table, ``(B, 4)``, a curve through it."""
    figure, (axis,) = new_figure(width=5.6, height=3.4)
    with style():
        if mine is not None:
            axis.plot(mine[:, 1], mine[:, 2], color=BLUE, zorder=1)
            _, rate, distortion, _ = mine[len(mine) // 2].tolist()
            axis.annotate(
                "yours", (rate, distortion), (6, 6), color=BLUE, textcoords="offset points"
            )
        axis.errorbar(
            [point.rate for point in points],
            [point.distortion for point in points],
            yerr=[point.distortion_error for point in points],
            fmt="o",
            color=RED,
        )
        for point in points:
            place = (point.rate, point.distortion)
            axis.annotate(f"β = {point.beta:g}", place, (6, 4), textcoords="offset points")
        axis.set(
            title="Trained linear beta-VAEs",
            xlabel="rate, nats",
            ylabel="distortion, all pixels",
            ylim=(0, None),
        )
    return figure
