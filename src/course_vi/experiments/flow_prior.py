r"""A prior that is learned: a flow, fitted to the messages that a finished encoder sends. Encoder and decoder stay as they are.

The rate, averaged over data, falls by what the flow is worth, and the distortion does not move:

.. math:: \mathbb E_x \mathbb E_{q(z \mid x)} \big[\log \pi(z) - \log N(z; 0, I)\big]
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Normal

from course_vi.experiments.side_by_side import climb, seeded
from course_vi.families import Amortized, Flow, MeanField
from course_vi.families.flow import zuko
from course_vi.gradients import analytic_kl
from course_vi.learning.history import smoke_cap
from course_vi.models import VAE
from course_vi.nets import SideBySide, mlp

__all__ = ["fit_flow", "train_side_by_side", "worth"]


def train_side_by_side(
    x: Tensor, seeds: Sequence[int], steps: int, latents: int = 8, hidden: int = 64
) -> tuple[VAE, Amortized]:
    """A VAE of binary images for each seed, by the closed form of its KL; Adam, with a rate that falls to zero."""
    pixels = x.shape[-1]
    p, q = VAE(latents, pixels, 1), Amortized(MeanField(latents), nn.Identity())
    p.decoder = SideBySide([mlp(latents, hidden, pixels, seeded(2 * seed)) for seed in seeds])
    q.encoder = SideBySide(
        [mlp(pixels, hidden, 2 * latents, seeded(2 * seed + 1)) for seed in seeds]
    )
    noise = seeded(2000 + seeds[0])
    optimizer = torch.optim.Adam(
        [*p.decoder.parameters(), *q.encoder.parameters()], 0.01, fused=True
    )
    climb(lambda x: analytic_kl(p, q, x, generator=noise), optimizer, x, seeds, steps, 100)
    return p, q


def fit_flow(messages: Normal, seed: int, steps: int = 300, batch_size: int = 200) -> Flow:
    """A masked autoregressive flow, by maximum likelihood of fresh messages: rows of ``messages``, loc and scale ``(N, D)``.

    Its last layer is affine and starts as the identity.
    """
    latents, generator = messages.loc.shape[-1], seeded(7000 + seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)  # zuko draws its weights from the global stream
        prior = Flow(
            zuko.flows.MAF(latents, 0, transforms=2, hidden_features=(32, 32)),
            latents,
            affine=True,
        )
    optimizer = torch.optim.Adam(prior.parameters(), 0.003)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, smoke_cap(steps))
    for _ in range(smoke_cap(steps)):
        rows = torch.randint(len(messages.loc), (batch_size,), generator=generator)
        eps = torch.randn(batch_size, latents, generator=generator)
        z = messages.loc[rows] + messages.scale[rows] * eps
        optimizer.zero_grad()
        (-prior.distribution().log_prob(z).mean()).backward()
        optimizer.step()
        schedule.step()
    return prior


@torch.no_grad()
def worth(prior: Flow, messages: Normal, samples: int = 20) -> Tensor:
    """E log prior(z) - log N(z; 0, I) for each row of messages, ``(N)``: how far the ELBO rises if the prior is exchanged."""
    eps = torch.randn(samples, *messages.loc.shape, generator=seeded(8000))
    z = messages.loc + messages.scale * eps
    gain = prior.distribution().log_prob(z) - Normal(0.0, 1.0).log_prob(z).sum(-1)
    return gain.mean(0)
