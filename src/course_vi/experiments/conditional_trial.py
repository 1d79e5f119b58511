"""Conditional autoencoders of many seeds, side by side, and what becomes of a picture's content when its label is changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from course_vi.experiments.known_factors import KnownFactors, read_factors
from course_vi.experiments.side_by_side import climb, seeded
from course_vi.families import Amortized, MeanField
from course_vi.gradients import analytic_kl
from course_vi.models import ConditionalVAE
from course_vi.nets import SideBySide, mlp

__all__ = ["ConditionalRun", "Mirrored", "flipped", "kept", "relabelled", "train_conditional"]


class ConditionalRun(NamedTuple):
    """Model and family, R seeds of them side by side, and the objective step by step, ``(steps, R)``."""

    p: ConditionalVAE
    q: Amortized
    objective: Tensor


def train_conditional(
    known: KnownFactors,
    seeds: Sequence[int],
    steps: int,
    latents: int = 3,
    hidden: int = 64,
    scale: float = 0.15,
    batch_size: int = 100,
) -> ConditionalRun:
    """Train for each seed a conditional VAE whose label is the last factor; Adam, with a rate that falls to zero.

    Args:
        known: images and factors, such as ``discs(style=True)`` or some of its rows.

    Source: Sohn, Lee and Yan, "Learning structured output representation using deep conditional generative models", NeurIPS 2015.
    """
    pixels = known.images.shape[-1]
    labels = int(known.factors[:, -1].max()) + 1
    decoder = SideBySide([mlp(latents + labels, hidden, pixels, seeded(2 * s)) for s in seeds])
    encoder = SideBySide(
        [mlp(pixels + labels, hidden, 2 * latents, seeded(2 * s + 1)) for s in seeds]
    )
    p = ConditionalVAE(latents, pixels, labels, likelihood="gaussian", scale=scale, decoder=decoder)
    q = Amortized(MeanField(latents), nn.Identity())
    q.encoder = encoder
    rows, noise = p.pack(known.images, known.factors[:, -1]), seeded(2000 + seeds[0])
    optimizer = torch.optim.Adam([*decoder.parameters(), *encoder.parameters()], 0.01, fused=True)

    def objective(x: Tensor) -> Tensor:
        return analytic_kl(p, q, x, generator=noise)

    return ConditionalRun(p, q, climb(objective, optimizer, rows, seeds, steps, batch_size))


def relabelled(run: ConditionalRun, known: KnownFactors) -> Tensor:
    """Each image with the other of two labels, at the mean of its own q: decoded means ``(R, N, Dx)``."""
    count, labels = run.objective.shape[1], known.factors[:, -1]
    x = run.p.pack(known.images, labels).expand(count, -1, -1)
    other = torch.nn.functional.one_hot(1 - labels, 2).to(known.images).expand(count, -1, -1)
    return run.p.relabel(x, run.q, other)


def kept(pictures: Tensor, known: KnownFactors, every: KnownFactors) -> dict[str, Tensor]:
    """Share of pictures ``(R, N, Dx)`` that keep a factor, read off the nearest of ``every`` drawn image: ``{name: (R)}``."""
    same = (read_factors(pictures, every) == known.factors).float().mean(-2)
    return dict(zip(every.names, same.unbind(-1), strict=True))


class Mirrored(nn.Module):
    """A network, side by side with others, whose latents have their signs changed where the second label is on.

    Args:
        network: reads ``(*, D + 2)``, latents first (a decoder), or writes ``(*, 2 D)``, locations first, of rows that end in the two
            labels (an encoder).
        latents: D.
        writes: whether it is an encoder.
    """

    def __init__(self, network: nn.Module, latents: int, writes: bool) -> None:
        super().__init__()
        self.network, self.latents, self.writes = network, latents, writes

    def forward(self, x: Tensor) -> Tensor:
        sign = 1 - 2 * x[..., -1:]
        if self.writes:
            loc, log_scale = self.network(x).chunk(2, -1)
            return torch.cat([sign * loc, log_scale], -1)
        told: Tensor = self.network(
            torch.cat([sign * x[..., : self.latents], x[..., self.latents :]], -1)
        )
        return told


def flipped(run: ConditionalRun) -> ConditionalRun:
    """The same densities of x given its label, from mirrored latents under the second label."""
    scale = run.p.output.scale
    assert isinstance(scale, float)
    p = ConditionalVAE(
        run.p.latent_dim,
        run.p.image_dim,
        run.p.label_dim,
        likelihood="gaussian",
        scale=scale,
        decoder=Mirrored(run.p.decoder, run.p.latent_dim, False),
    )
    q = Amortized(MeanField(run.p.latent_dim), nn.Identity())
    q.encoder = Mirrored(run.q.encoder, run.p.latent_dim, True)
    return ConditionalRun(p, q, run.objective)
