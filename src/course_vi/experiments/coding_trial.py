r"""Four ways to have a coder of digits: the ELBO, a tighter bound, a richer q, two layers; trained side by side for all seeds."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from course_vi import validate
from course_vi.bounds import iwae
from course_vi.experiments.latent_coders import DenseCoder, LatentCoder, LayeredCoder, PlainCoder
from course_vi.experiments.side_by_side import climb, seeded
from course_vi.families import Amortized, FullRank, Layered, MeanField
from course_vi.families.base import Family
from course_vi.gradients import doubly_reparametrized, sticking_the_landing
from course_vi.models import VAE, HierarchicalVAE
from course_vi.nets import SideBySide, mlp

__all__ = ["WAYS", "Pair", "coder_of", "log_weights", "refitted", "train_coders"]

WAYS = ("ELBO", "IWAE", "dense q", "two layers")
NUM_SAMPLES, TOP = 10, 4  # of the tighter bound; latents of the upper layer
CHUNK = 10  # samples at a time, for the sake of memory


class Pair(NamedTuple):
    """A model and its family."""

    p: VAE | HierarchicalVAE
    q: Family


def train_coders(
    way: str,
    x: Tensor,
    seeds: Sequence[int],
    steps: int,
    latents: int = 8,
    hidden: int = 64,
    batch_size: int = 100,
    learning_rate: float = 0.01,
) -> list[Pair]:
    """A model and a family for each seed; Adam, with a rate that falls to zero.

    All climb the ELBO by sticking the landing, one sample an image, but ``"IWAE"``: the bound of ten samples, doubly reparametrized.

    Args:
        way: one of ``WAYS``. ``"dense q"`` has a normal with any covariance, ``"two layers"`` four more latents on top.
        x: training images of zeros and ones, ``(N, Dx)``.
        seeds: seed s draws the weights and the minibatches of its networks.

    Raises:
        ValueError: another way; no seeds.
    """
    validate.one_of("way", way, WAYS)
    if not seeds:
        raise ValueError("seeds is empty; expected one or more whole numbers")
    together = _pair(way, [_networks(way, x.shape[-1], latents, hidden, seed) for seed in seeds])
    p, q, noise = together.p, together.q, seeded(2000 + seeds[0])

    def tighter(rows: Tensor) -> Tensor:
        return doubly_reparametrized(p, q, rows, NUM_SAMPLES, bound=iwae, generator=noise)

    def plain(rows: Tensor) -> Tensor:
        return sticking_the_landing(p, q, rows, generator=noise)

    values = [value for network in _parts(together) for value in network.parameters()]
    optimizer = torch.optim.Adam(values, lr=learning_rate)
    climb(tighter if way == "IWAE" else plain, optimizer, x, seeds, steps, batch_size)
    return _apart(
        way, together, [_networks(way, x.shape[-1], latents, hidden, seed) for seed in seeds]
    )


def refitted(
    pairs: Sequence[Pair], x: Tensor, seeds: Sequence[int], steps: int, learning_rate: float = 0.01
) -> list[Pair]:
    """The same models, with encoders that went on for so many steps, alone, on the ELBO: what a coder of one z wants of them.

    Args:
        pairs: of a VAE and a mean field, one for each seed.
    """
    networks = [[copy.deepcopy(part) for part in _parts(pair)] for pair in pairs]
    together = _pair("ELBO", networks)
    optimizer = torch.optim.Adam(_parts(together)[1].parameters(), lr=learning_rate)
    noise = seeded(3000 + seeds[0])

    def plain(rows: Tensor) -> Tensor:
        return sticking_the_landing(together.p, together.q, rows, generator=noise)

    climb(plain, optimizer, x, seeds, steps, 100)
    return _apart("ELBO", together, networks)


@torch.no_grad()
def log_weights(pair: Pair, x: Tensor, samples: int, seed: int = 0) -> Tensor:
    """log p(x, z) - log q(z | x) for z from q, ``(samples, N)``."""
    found, noise = [], seeded(seed)
    for count in [CHUNK] * (samples // CHUNK) + [samples % CHUNK] * (samples % CHUNK > 0):
        z = pair.q.sample(count, x, noise)
        found.append(pair.p.log_joint(x, z) - pair.q.distribution(x).log_prob(z))
    return torch.cat(found)


def coder_of(pair: Pair, x: Tensor, precision: int = 10, swap: bool = True) -> LatentCoder:
    """The coder that fits; x, training images, says where the first of two layers lies."""
    p, q = pair
    if isinstance(p, HierarchicalVAE):
        assert isinstance(q, Layered)
        with torch.no_grad():
            z1 = q.first.sample(1, x, seeded(0))[0]
        return LayeredCoder(p, q, z1.mean(0), z1.std(0), precision, swap)
    assert isinstance(q, Amortized)
    dense = "lower" in q.shapes
    return DenseCoder(p, q, precision) if dense else PlainCoder(p, q, precision)


def _networks(way: str, pixels: int, latents: int, hidden: int, seed: int) -> list[nn.Sequential]:
    """Decoder and encoder, and those of the upper layer, where there is one."""
    numbers = 2 * latents + (latents * latents if way == "dense q" else 0)
    found = [
        mlp(latents, hidden, pixels, seeded(2 * seed)),
        mlp(pixels, hidden, numbers, seeded(2 * seed + 1)),
    ]
    if way == "two layers":
        found += [
            mlp(TOP, hidden, 2 * latents, seeded(100 + 2 * seed)),
            mlp(latents, hidden, 2 * TOP, seeded(101 + 2 * seed)),
        ]
    return found


def _pair(way: str, networks: list[list[nn.Sequential]], single: bool = False) -> Pair:
    """Networks of one seed, or of several side by side, as a model and a family."""
    parts: list[Any] = (
        list(networks[0])
        if single
        else [SideBySide(column) for column in map(list, zip(*networks, strict=True))]
    )
    latents = [part for part in networks[0][0] if isinstance(part, nn.Linear)][0].in_features
    pixels = [part for part in networks[0][0] if isinstance(part, nn.Linear)][-1].out_features
    if way == "two layers":
        model = HierarchicalVAE((latents, TOP), pixels, decoder=parts[0], network=parts[2])
        return Pair(
            model,
            Layered(Amortized(MeanField(latents), parts[1]), Amortized(MeanField(TOP), parts[3])),
        )
    family = FullRank(latents) if way == "dense q" else MeanField(latents)
    return Pair(VAE(latents, pixels, decoder=parts[0]), Amortized(family, parts[1]))


def _apart(way: str, together: Pair, networks: list[list[nn.Sequential]]) -> list[Pair]:
    """What stood side by side, as a model and a family for each seed; the networks are overwritten."""
    for row, each in enumerate(networks):
        for network, many in zip(each, _parts(together), strict=True):
            _copy_row(network, many, row)
    return [_pair(way, [each], single=True) for each in networks]


def _parts(pair: Pair) -> list[Any]:
    """The networks of a pair, in the order of ``_networks``."""
    p: Any = pair.p
    q: Any = pair.q
    if isinstance(p, HierarchicalVAE):
        return [p.bottom.decoder, q.first.encoder, p.network, q.second.encoder]
    return [p.decoder, q.encoder]


def _copy_row(network: nn.Sequential, many: SideBySide, row: int) -> None:
    """The weights of one of the networks that stood side by side."""
    layers = [part for part in network if isinstance(part, nn.Linear)]
    with torch.no_grad():
        for layer, weight, bias in zip(layers, many.weights, many.biases, strict=True):
            layer.weight.copy_(weight[row].mT)
            layer.bias.copy_(bias[row, 0])
