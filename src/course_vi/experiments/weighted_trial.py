r"""Autoencoders with a weight on their KL, many at once: what they say (rate), what they get wrong (distortion), what their latents share.

Network by network the objective is

.. math:: \mathbb E_{q(z \mid x)} \log N(x; f_\theta(z), \sigma^2 I) - \beta\, \mathrm{KL}(q_\phi(z \mid x) \,\|\, N(0, I))
          - \gamma\, \mathrm{TC}(q(z)),

with the KL in closed form and the total correlation told by a discriminator, which learns beside them on the other half of the batch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence
from torch.nn.functional import softplus

from course_vi import validate
from course_vi.experiments.side_by_side import climb, seeded
from course_vi.families import Amortized, MeanField
from course_vi.models import VAE
from course_vi.nets import SideBySide, mlp

__all__ = ["WeightedRun", "aggregate_terms", "rate_and_distortion", "train_weighted"]


class WeightedRun(NamedTuple):
    """Model and family of every weight and seed, side by side in this order, and the objective step by step, ``(steps, W * R)``."""

    p: VAE
    q: Amortized
    objective: Tensor


def train_weighted(
    x: Tensor,
    betas: Sequence[float],
    seeds: Sequence[int],
    steps: int,
    latents: int = 6,
    hidden: int = 64,
    scale: float = 0.2,
    gamma: float = 0.0,
    batch_size: int = 100,
    learning_rate: float = 0.01,
) -> WeightedRun:
    """Train for each weight and each seed one VAE with a Gaussian output of fixed scale; Adam, with a rate that falls to zero.

    Seed s draws the weights, the minibatches and the noise of its networks, the same for every beta and gamma.

    Args:
        x: grey images, ``(N, Dx)``.
        betas: weights of the KL; W of them.
        gamma: weight of the total correlation; with zero there is no discriminator.

    Raises:
        ValueError: no weights, one that is not positive, no seeds, a negative gamma.

    Source: Higgins et al., "beta-VAE", ICLR 2017; Kim and Mnih, "Disentangling by factorising", ICML 2018.
    """
    if not betas or min(betas) <= 0:
        raise ValueError(f"betas is {betas}; expected one or more positive numbers")
    if not seeds:
        raise ValueError("seeds is empty; expected one or more whole numbers")
    if gamma < 0:
        raise ValueError(f"gamma is {gamma}; expected zero or a positive number")
    validate.positive_integer("latents", latents)
    pixels, ways, copies = x.shape[-1], len(betas), len(seeds)
    every = [*seeds] * ways
    p = VAE(latents, pixels, 1, likelihood="gaussian", scale=scale)
    q = Amortized(MeanField(latents), nn.Identity())
    p.decoder = SideBySide([mlp(latents, hidden, pixels, seeded(2 * seed)) for seed in every])
    q.encoder = SideBySide(
        [mlp(pixels, hidden, 2 * latents, seeded(2 * seed + 1)) for seed in every]
    )
    p.to(x), q.to(x)
    weight = torch.tensor(betas).repeat_interleave(copies).unsqueeze(-1)
    judge = _Discriminators(latents, every) if gamma else None
    noise = [seeded(2000 + seed) for seed in seeds]

    def objective(x: Tensor) -> Tensor:
        q_x = _density(q, x)
        eps = torch.stack([torch.randn(q_x.loc.shape[1:], generator=one) for one in noise])
        z = q_x.loc + q_x.scale * eps.repeat(ways, 1, 1)
        value = _fitted(p, z, x) - weight * kl_divergence(q_x, Normal(0.0, 1.0)).sum(-1)
        return value if judge is None else value - gamma * judge.look(z).unsqueeze(-1)

    learned = [*p.decoder.parameters(), *q.encoder.parameters()]
    optimizer = torch.optim.Adam(learned, learning_rate, fused=True)
    return WeightedRun(p, q, climb(objective, optimizer, x, every, steps, batch_size))


class _Discriminators:
    """Nets that tell rows of z from rows with shuffled columns, one for each network."""

    def __init__(self, latents: int, seeds: Sequence[int], hidden: int = 64) -> None:
        self.net = SideBySide([mlp(latents, hidden, 1, seeded(3000 + seed)) for seed in seeds])
        self.optimizer = torch.optim.Adam(self.net.parameters(), 1e-3, betas=(0.5, 0.9), fused=True)
        self.generator = seeded(4000)

    def look(self, z: Tensor) -> Tensor:
        """They learn from one half of the rows; what they then tell of the other half's total correlation, ``(R)``."""
        half = z.shape[1] // 2
        rest = z[:, half:].detach()
        order = torch.rand(rest.shape, generator=self.generator).argsort(1)
        alike, apart = softplus(-self.net(rest)), softplus(self.net(rest.gather(1, order)))
        weights = [*self.net.parameters()]
        slopes = torch.autograd.grad(0.5 * (alike + apart).mean((1, 2)).sum(), weights)
        for parameter, slope in zip(weights, slopes, strict=True):
            parameter.grad = slope
        self.optimizer.step()
        told: Tensor = self.net(z[:, :half])[..., 0].mean(-1)
        return told


def _density(q: Amortized, x: Tensor) -> Normal:
    loc, log_scale = q.encoder(x).chunk(2, -1)
    return Normal(loc, log_scale.exp(), validate_args=False)


def _fitted(p: VAE, z: Tensor, x: Tensor) -> Tensor:
    value: Tensor = p.output.log_prob(p.decoder(z), x)
    return value


def rate_and_distortion(run: WeightedRun, x: Tensor, samples: int = 20) -> tuple[Tensor, Tensor]:
    """Means over x of KL(q(z | x) | N(0, I)), in nats, and of the squared error summed over pixels: ``(W * R)`` each."""
    generator, error = seeded(5000), []
    with torch.no_grad():
        q_x = _density(run.q, x.expand(run.objective.shape[1], *x.shape))
        for _ in range(samples):
            z = q_x.loc + q_x.scale * torch.randn(q_x.loc.shape[1:], generator=generator)
            error.append((x - run.p.decoder(z)).square().sum(-1).mean(-1))
        rate = kl_divergence(q_x, Normal(0.0, 1.0)).sum(-1).mean(-1)
    return rate, torch.stack(error).mean(0)


def aggregate_terms(run: WeightedRun, x: Tensor, samples: int = 1) -> dict[str, Tensor]:
    r"""What the rate is made of, over a source that draws one of the rows of x, all alike probable:

    .. math:: R = I_q(x; z) + \mathrm{KL}\Big(q(z) \,\Big\|\, \prod_j q(z_j)\Big) + \sum_j \mathrm{KL}(q(z_j) \,\|\, N(0, 1)),
              \qquad q(z) = \frac1N \sum_n q(z \mid x_n)

    Unbiased: the mixture is written out, and only the mean over z is one over draws, ``samples`` for each row of x.

    Returns:
        ``"information"``, ``"total correlation"`` and ``"marginals"``, in nats, ``(W * R)`` each.

    Source: Chen, Li, Grosse and Duvenaud, "Isolating sources of disentanglement in variational autoencoders", NeurIPS 2018.
    """
    names = ("information", "total correlation", "marginals")
    generator, found = seeded(6000), []
    with torch.no_grad():
        densities = _density(run.q, x.expand(run.objective.shape[1], *x.shape))
        for loc, scale in zip(densities.loc, densities.scale, strict=True):
            q_x, parts = Normal(loc, scale, validate_args=False), []
            for _ in range(samples):
                z = loc + scale * torch.randn(loc.shape, generator=generator)
                own = q_x.log_prob(z).sum(-1)
                each = torch.cat([q_x.log_prob(some.unsqueeze(1)) for some in z.split(128)])
                joint = each.sum(-1).logsumexp(1) - math.log(len(x))
                single = (each.logsumexp(1) - math.log(len(x))).sum(-1)
                prior = Normal(0.0, 1.0).log_prob(z).sum(-1)
                parts.append(torch.stack([own - joint, joint - single, single - prior]).mean(-1))
            found.append(torch.stack(parts).mean(0))
    return dict(zip(names, torch.stack(found).unbind(-1), strict=True))
