r"""Five ways to train one small model of images, and an exact judge: with two latents log p(x) is a sum over a grid.

All five end with a decoder from z, two numbers, to the logits of pixels, so that all are scored by the same

.. math:: \log p(x) = \log \int \prod_i p(x_i \mid z)\, N(z; 0, I_2)\, dz .

The networks of all seeds are trained side by side (``nets.SideBySide``); each seed has its own weights and its own minibatches, and the
five ways share them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from course_vi import validate
from course_vi.bounds import iwae
from course_vi.experiments.side_by_side import climb, seeded
from course_vi.families import Amortized, MeanField
from course_vi.gradients import analytic_kl, doubly_reparametrized, sticking_the_landing
from course_vi.learning import reweighted_phase, sleep_phase, wake_phase
from course_vi.models import VAE
from course_vi.nets import SideBySide, mlp

__all__ = ["SLEEPERS", "WAYS", "ArenaRun", "fitted_normal", "grid_log_evidence", "train_one_way"]

WAYS = ("autoencoder", "VAE", "VAE, sticking the landing", "IWAE", "exact likelihood")
SLEEPERS = ("wake-sleep", "reweighted wake-sleep")  # the same arena, entered in unit 12
NUM_SAMPLES = 10  # of the importance-weighted bound, and of reweighted wake-sleep
COARSE, COARSE_REACH = 41, 4.0  # the grid that training by the exact likelihood uses


class ArenaRun(NamedTuple):
    """What one way of training leaves, R seeds of it.

    Attributes:
        encoder: ``(R, B, Dx)`` to ``(R, B, 4)``, loc and then log_scale; untrained where the exact likelihood is climbed.
        decoder: ``(R, B, 2)`` to logits ``(R, B, Dx)``.
        objective: its mean over the minibatch, step by step, ``(steps, R)``.
    """

    encoder: SideBySide
    decoder: SideBySide
    objective: Tensor


def grid_log_evidence(
    decoder: Callable[[Tensor], Tensor],
    x: Tensor,
    points: int = 161,
    reach: float = 5.0,
    place: Callable[[Tensor], Tensor] = lambda z: z,
    offset: Tensor | None = None,
) -> Tensor:
    r"""log p(x) of binary x under :math:`z \sim N(0, I_2)` and logits decoder(place(z)), by a sum over a square grid of z.

    Args:
        decoder: ``(R, G, 2)`` or ``(G, 2)`` to logits, as wide as x.
        x: zeros and ones, ``(B, Dx)`` for all networks, or ``(R, B, Dx)``.
        points, reach: ``points`` by ``points`` nodes from -reach to reach.
        place: the decoder reads ``place(z)``; an affine map makes the prior any normal (``fitted_normal``).
        offset: shifts the grid, in units of its spacing, ``(2)``. Uniform on the square from -1/2 to 1/2 it makes the sum, as an
            estimate of p(x), unbiased but for the mass outside, however coarse the grid.

    Returns:
        ``(*R, B)``, differentiable in the decoder.

    >>> flat = nn.Linear(2, 3)
    >>> _ = flat.weight.data.zero_(), flat.bias.data.zero_()
    >>> log_p = grid_log_evidence(flat, torch.ones(1, 3))            # three fair coins
    >>> round(log_p.exp().item(), 4)
    0.125
    """
    validate.positive_integer("points", points)
    axis = torch.linspace(-reach, reach, points, device=x.device, dtype=x.dtype)
    spacing = 2 * reach / (points - 1)
    z = torch.cartesian_prod(axis, axis)
    if offset is not None:
        z = z + spacing * offset
    logits = decoder(place(z))
    constant = 2 * math.log(spacing) - math.log(2 * math.pi) - 0.5 * z.square().sum(-1)
    return (x @ logits.mT + (constant - softplus(logits).sum(-1)).unsqueeze(-2)).logsumexp(-1)


def fitted_normal(encoder: Callable[[Tensor], Tensor], x: Tensor) -> Callable[[Tensor], Tensor]:
    r"""The map :math:`z \mapsto m + C z` for which :math:`N(m, C C^\top)` has the mean and covariance of the codes of x.

    Args:
        encoder: ``(N, Dx)`` to ``(R, N, 4)``, or to ``(N, 4)``; its first two outputs are the code.
    """
    with torch.no_grad():
        code = encoder(x)[..., :2]
        centre = code.mean(-2, keepdim=True)
        spread = (code - centre).mT @ (code - centre) / (len(x) - 1)
        root = torch.linalg.cholesky(spread)
    return lambda z: centre + z @ root.mT


def train_one_way(
    way: str,
    x: Tensor,
    seeds: Sequence[int],
    steps: int = 4000,
    hidden: int = 64,
    batch_size: int = 100,
    learning_rate: float = 0.01,
) -> ArenaRun:
    """Train for each seed one encoder and one decoder, or the decoder alone, by one of ``WAYS`` or ``SLEEPERS``; Adam, with a rate that
    falls to zero.

    The autoencoder decodes the encoder's first two outputs and climbs the log-likelihood of the image; the two VAEs climb the ELBO with
    one sample, with its divergence in closed form or by sticking the landing; the IWAE climbs the bound of ten samples by doubly
    reparametrized gradients; the exact likelihood needs no encoder, and climbs ``grid_log_evidence`` on a grid shifted at random.
    Wake-sleep takes one sample for each image awake, and as many dreams as images asleep; its reweighted form weighs ten samples.

    Args:
        x: training images of zeros and ones, ``(N, Dx)``.
        seeds: seed s draws the weights and the minibatches of network s, whatever the way and whatever other seeds there are.

    Raises:
        ValueError: another way; no seeds.
    """
    validate.one_of("way", way, WAYS + SLEEPERS)
    if not seeds:
        raise ValueError("seeds is empty; expected one or more whole numbers")
    pixels = x.shape[-1]
    p, q = _Dreamers(2, pixels, 1), Amortized(MeanField(2), nn.Identity())
    p.networks = len(seeds)
    p.decoder = SideBySide([mlp(2, hidden, pixels, seeded(2 * seed)) for seed in seeds])
    q.encoder = SideBySide([mlp(pixels, hidden, 4, seeded(2 * seed + 1)) for seed in seeds])
    p.to(x), q.to(x)
    learns = [p.decoder] if way == "exact likelihood" else [p.decoder, q.encoder]
    optimizer = torch.optim.Adam(
        [parameter for part in learns for parameter in part.parameters()], lr=learning_rate
    )
    noise = seeded(2000 + seeds[0])
    course = climb(
        lambda x: _objective(way, p, q, x, noise), optimizer, x, seeds, steps, batch_size
    )
    return ArenaRun(q.encoder, p.decoder, course)


class _Dreamers(VAE):
    """Networks side by side, which dream side by side: ``(R, n, Dx)`` and ``(R, n, 2)``."""

    networks = 1

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        shape = (self.networks, n, self.latent_dim)
        z = torch.randn(shape, generator=generator).to(self._like())
        with torch.no_grad():
            return self.output.draw(self.decoded(z), generator), z


def _objective(way: str, p: VAE, q: Amortized, x: Tensor, noise: torch.Generator) -> Tensor:
    """What this way climbs, ``(R, B)``."""
    if way == "autoencoder":
        code: Tensor = q.encoder(x)[..., :2]
        return p.log_factors(x, code.unsqueeze(0))["likelihood"][0]
    if way == "VAE":
        return analytic_kl(p, q, x, generator=noise)
    if way == "IWAE":
        return doubly_reparametrized(p, q, x, NUM_SAMPLES, bound=iwae, generator=noise)
    if way == "exact likelihood":
        shift = torch.rand(2, generator=noise) - 0.5
        return grid_log_evidence(p.decoder, x, COARSE, COARSE_REACH, offset=shift.to(x))
    if way == "wake-sleep":
        asleep = sleep_phase(p, q, x.shape[-2], noise)
        return wake_phase(p, q, x, 1, noise) + (asleep - asleep.detach())
    if way == "reweighted wake-sleep":
        awake, teacher = reweighted_phase(p, q, x, NUM_SAMPLES, noise)
        return awake + (teacher - teacher.detach())
    return sticking_the_landing(p, q, x, generator=noise)
