r"""Posterior collapse on trial: plain training, warm-up and free bits, for decoders that see z alone or neighbouring pixels too.

The decoder's logits are

.. math:: \mathrm{logit}_i = f_\theta(z)_i + \sum_{j \in \mathrm{pa}(i)} A_{ij}\, x_j ,

with pa(i) the pixels before i, in reading order, at most ``neighbours`` rows and columns away. What a pixel can learn from its neighbours
it need not learn from z, and a latent that says only such things costs more than it is worth.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence
from torch.nn.functional import binary_cross_entropy_with_logits

from course_vi import validate
from course_vi.bounds import iwae
from course_vi.experiments.side_by_side import seeded
from course_vi.learning.history import smoke_cap
from course_vi.nets import SideBySide, mlp

__all__ = ["REMEDIES", "Trial", "collapse_trial", "earlier_neighbours"]

REMEDIES = ("plain", "warm-up", "free bits")


class Trial(NamedTuple):
    """What three ways of training leave, for R seeds.

    Attributes:
        activity: variance over the test images of each latent's posterior mean, ``(3, R, D)``.
        log_evidence: of the test images, mean, by importance sampling with the encoder, ``(3, R)``.
        train_log_evidence: the same of the training images, ``(3, R)``.
        rate: the divergence of q from the prior, mean over the test images, ``(3, R)``.
        objective: what each way climbs, step by step, ``(steps, 3, R)``. The three are not comparable.
    """

    activity: Tensor
    log_evidence: Tensor
    train_log_evidence: Tensor
    rate: Tensor
    objective: Tensor


def earlier_neighbours(pixels: int, reach: int) -> Tensor:
    """Which pixel (row) is seen by which (column) of a square image: those before it, at most ``reach`` rows and columns away.

    >>> earlier_neighbours(4, 1).int().tolist()
    [[0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1], [0, 0, 0, 0]]
    """
    side, place = math.isqrt(pixels), torch.arange(pixels)
    row, column = place // side, place % side
    near = ((row - row.unsqueeze(-1)).abs() <= reach) & (
        (column - column.unsqueeze(-1)).abs() <= reach
    )
    return (near & (place.unsqueeze(-1) < place)).float()


def collapse_trial(
    x: Tensor,
    test: Tensor,
    seeds: Sequence[int],
    steps: int,
    neighbours: int = 2,
    latents: int = 8,
    hidden: int = 64,
    batch_size: int = 100,
    free: float = 0.3,
    samples: int = 100,
) -> Trial:
    """Train each seed three ways, from the same weights, on the same batches and with the same noise; Adam, with a rate that falls to zero.

    Plain climbs the ELBO. Warm-up multiplies the divergence by a number that rises from 0 to 1 over the first half of the steps. Free bits
    counts each latent's divergence, averaged over the batch, as at least ``free`` nats.

    Args:
        x, test: images of zeros and ones, ``(N, Dx)``, Dx a square.
        neighbours: how far a pixel sees; 0 for a decoder that reads z alone.
        samples: of the importance-sampled log-evidence.

    Source: Bowman et al., "Generating sentences from a continuous space", CoNLL 2016 (warm-up, and the disease); Kingma et al., "Improved
    variational inference with inverse autoregressive flow", NeurIPS 2016 (free bits); Chen et al., "Variational lossy autoencoder", ICLR
    2017 (why a decoder that sees pixels leaves z alone).
    """
    validate.positive_integer("latents", latents)
    pixels, copies, ways = x.shape[-1], len(seeds), len(REMEDIES)
    encoder = SideBySide(
        [mlp(pixels, hidden, 2 * latents, seeded(2 * seed + 1)) for seed in [*seeds] * ways]
    )
    decoder = SideBySide(
        [mlp(latents, hidden, pixels, seeded(2 * seed)) for seed in [*seeds] * ways]
    )
    seen = earlier_neighbours(pixels, neighbours)
    context = torch.zeros(ways * copies, pixels, pixels, requires_grad=True)
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters(), context], lr=0.01)
    steps = smoke_cap(steps)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    generators, course = [seeded(1000 + seed) for seed in seeds], []
    least = torch.tensor([0.0, 0.0, free]).repeat_interleave(copies).unsqueeze(-1)

    def look(images: Tensor, noise: Tensor) -> tuple[Normal, Tensor, Tensor]:
        """q, z, and log p(x | z); a row of ``images`` for each network."""
        loc, log_scale = encoder(images).chunk(2, -1)
        q = Normal(loc, log_scale.exp(), validate_args=False)
        z = loc + q.scale * noise
        logits = decoder(z) + images @ (context * seen)
        likelihood = -binary_cross_entropy_with_logits(logits, images, reduction="none").sum(-1)
        return q, z, likelihood

    standard = Normal(0.0, 1.0)
    for step in range(steps):
        rows = [torch.randint(len(x), (batch_size,), generator=one) for one in generators]
        noise = [torch.randn(batch_size, latents, generator=one) for one in generators]
        q, _, likelihood = look(
            x[torch.stack(rows)].repeat(ways, 1, 1), torch.stack(noise).repeat(ways, 1, 1)
        )
        weight = torch.tensor([1.0, min(1.0, 2 * step / steps), 1.0]).repeat_interleave(copies)
        divergence = kl_divergence(q, standard).mean(1).maximum(least).sum(-1)
        value = likelihood.mean(1) - weight * divergence
        optimizer.zero_grad()
        (-value.sum()).backward()
        optimizer.step()
        schedule.step()
        course.append(value.detach().view(ways, copies))

    @torch.no_grad()
    def judge(images: Tensor) -> tuple[Tensor, Normal]:
        every, generator, log_w = images.expand(ways * copies, -1, -1), seeded(0), []
        for _ in range(smoke_cap(samples)):
            noise = torch.randn(copies, len(images), latents, generator=generator)
            q, z, likelihood = look(every, noise.repeat(ways, 1, 1))
            log_w.append(likelihood + (standard.log_prob(z) - q.log_prob(z)).sum(-1))
        return iwae(torch.stack(log_w)).mean(-1).view(ways, copies), q

    train_score, _ = judge(x)
    score, q = judge(test)
    rate = kl_divergence(q, standard).sum(-1).mean(-1).view(ways, copies)
    activity = q.loc.var(1).view(ways, copies, latents)
    return Trial(activity, score, train_score, rate, torch.stack(course))
