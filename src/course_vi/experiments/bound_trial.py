r"""Two ways to climb a bound on digits, with one model and an exact judge: what a tighter bound does to the model, and what to the encoder.

With two latents log p(x) is a sum over a grid, and the ELBO of a Gaussian q an integral over the plane: nothing that is compared is
estimated from samples like those that were climbed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from course_vi import validate
from course_vi.bounds import iwae
from course_vi.exact import gauss_hermite
from course_vi.experiments.exact_arena import grid_log_evidence
from course_vi.experiments.side_by_side import climb, seeded
from course_vi.families import Amortized, MeanField
from course_vi.gradients import doubly_reparametrized, sticking_the_landing
from course_vi.gradients.estimator import transport_noise
from course_vi.models import VAE
from course_vi.nets import SideBySide, mlp

__all__ = ["BOUND_WAYS", "BoundRun", "exact_elbo", "refit_encoder", "score_run", "train_bound"]

MANY = 10  # samples of the importance-weighted bound
Climb = Callable[[VAE, Amortized, Tensor, torch.Generator], Tensor]


class BoundRun(NamedTuple):
    """What one way leaves, R seeds of it: model, family, and the mean of what was climbed, step by step, ``(steps, R)``."""

    p: VAE
    q: Amortized
    objective: Tensor


BOUND_WAYS: dict[str, Climb] = {
    "ELBO": lambda p, q, x, noise: sticking_the_landing(p, q, x, generator=noise),
    "IWAE": lambda p, q, x, noise: doubly_reparametrized(p, q, x, MANY, iwae, noise),
}


def train_bound(
    way: str,
    x: Tensor,
    seeds: Sequence[int],
    steps: int = 8000,
    hidden: int = 16,
    batch_size: int = 50,
    learning_rate: float = 0.01,
) -> BoundRun:
    """Train for each seed a VAE of two latents by one of ``BOUND_WAYS``; Adam, with a rate that falls to zero.

    Seed s draws the weights and the minibatches of network s, the same for every way.

    Args:
        x: training images of zeros and ones, ``(N, Dx)``.
        hidden: units of the decoder's hidden layer; the encoder's has twice as many.

    Raises:
        ValueError: another way; no seeds.
    """
    validate.one_of("way", way, tuple(BOUND_WAYS))
    if not seeds:
        raise ValueError("seeds is empty; expected one or more whole numbers")
    pixels = x.shape[-1]
    p, q = VAE(2, pixels, 1), Amortized(MeanField(2), nn.Identity())
    p.decoder = SideBySide([mlp(2, hidden, pixels, seeded(2 * seed)) for seed in seeds])
    q.encoder = SideBySide([mlp(pixels, 2 * hidden, 4, seeded(2 * seed + 1)) for seed in seeds])
    p.to(x), q.to(x)
    learned = [*p.decoder.parameters(), *q.encoder.parameters()]
    noise, optimizer = seeded(2000 + seeds[0]), torch.optim.Adam(learned, learning_rate, fused=True)
    climbs = BOUND_WAYS[way]
    return BoundRun(
        p, q, climb(lambda x: climbs(p, q, x, noise), optimizer, x, seeds, steps, batch_size)
    )


def refit_encoder(run: BoundRun, x: Tensor, seeds: Sequence[int], steps: int = 2000) -> BoundRun:
    """The same model, held fixed, while its encoder climbs the ELBO from where it is."""
    noise = seeded(2000 + seeds[0])
    optimizer = torch.optim.Adam(run.q.encoder.parameters(), 0.003, fused=True)

    def bound(x: Tensor) -> Tensor:
        return BOUND_WAYS["ELBO"](run.p, run.q, x, noise)

    return BoundRun(run.p, run.q, climb(bound, optimizer, x, seeds, steps, 50))


def exact_elbo(p: VAE, q: Amortized, x: Tensor, order: int = 10) -> Tensor:
    """The ELBO of a diagonal Gaussian over two latents by Gauss-Hermite quadrature, ``order`` squared nodes: ``(R, B)``."""
    node, weight = gauss_hermite(order, like=x)
    epsilon, share = torch.cartesian_prod(node, node), torch.outer(weight, weight).flatten()
    density = q.distribution(x)
    z = transport_noise(density, epsilon.view(-1, 1, 1, 2).expand(-1, *x.shape[:-1], 2))
    log_w = p.log_joint(x, z) - density.log_prob(z)
    return (share.view(-1, 1, 1) * log_w).sum(0)


def score_run(run: BoundRun, x: Tensor, points: int = 61) -> dict[str, Tensor]:
    """Means over x, one number for each seed: exact log p(x), the exact ELBO, and the importance-weighted bound (by 10 draws an image)."""
    found: dict[str, list[Tensor]] = {"log p": [], "ELBO": [], "IWAE": []}
    count, noise = run.objective.shape[1], seeded(12345)

    def decode(z: Tensor) -> Tensor:
        logits: Tensor = run.p.decoder(z.expand(count, -1, -1))
        return logits

    with torch.no_grad():
        for some in x.split(50):
            many = some.expand(count, *some.shape)
            log_p = grid_log_evidence(decode, some, points)
            bound = [iwae(_log_w(run, many, noise)) for _ in range(10)]
            for name, value in zip(
                found,
                (log_p, exact_elbo(run.p, run.q, many), torch.stack(bound).mean(0)),
                strict=True,
            ):
                found[name].append(value)
    return {name: torch.cat(parts, -1).mean(-1) for name, parts in found.items()}


def _log_w(run: BoundRun, x: Tensor, noise: torch.Generator) -> Tensor:
    density = run.q.distribution(x)
    epsilon = torch.randn(MANY, *x.shape[:-1], 2, generator=noise)
    z = transport_noise(density, epsilon)
    return run.p.log_joint(x, z) - density.log_prob(z)
