r"""Recognition of sets: the order of the points carries nothing, so nothing may depend on it."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from course_vi import validate
from course_vi.distributions import Density, DiagonalNormal, as_density
from course_vi.families.ancestral import Ancestral, Conditionals
from course_vi.families.base import Family
from course_vi.nets import SetEncoder, join, mlp, refuse_noisy_layers

__all__ = ["SetPosterior", "StatisticNets", "process_posterior", "statistician_posterior"]


class StatisticNets(Conditionals):
    r"""q(c | x_1..x_N) and then q(z_n | x_n, c) for each member: the recognition half of ``NeuralStatistician``.

    Args:
        statistic: a net from sets ``(*B, N, Dx)`` to the 2 C numbers of a diagonal normal over c.
        member: a net from ``(x_n, c)`` to the 2 D numbers of one over z_n.
        set_size, context_dim, latent_dim: N, C and D.
    """

    def __init__(
        self,
        statistic: nn.Module,
        member: nn.Module,
        set_size: int,
        context_dim: int,
        latent_dim: int,
    ) -> None:
        super().__init__()
        self.statistic, self.member, self.set_size, self.sizes = (
            statistic,
            member,
            set_size,
            (context_dim, set_size * latent_dim),
        )

    def begin(self, x: Tensor) -> Tensor:
        if x.shape[-1] % self.set_size:
            raise ValueError(
                f"x has shape {tuple(x.shape)}; expected rows of {self.set_size} points"
            )
        return x.unflatten(-1, (self.set_size, -1))

    def step(
        self, level: int, memory: Tensor, previous: Tensor | None
    ) -> tuple[DiagonalNormal, Tensor]:
        if previous is None:
            return DiagonalNormal(*self.statistic(memory).chunk(2, -1)), memory
        loc, log_scale = self.member(join(memory, previous.unsqueeze(-2))).chunk(2, -1)
        return DiagonalNormal(loc.flatten(-2), log_scale.flatten(-2)), memory


def statistician_posterior(
    set_size: int,
    point_dim: int,
    context_dim: int,
    latent_dim: int,
    hidden: int = 64,
    generator: torch.Generator | None = None,
) -> Ancestral:
    """The usual nets for ``NeuralStatistician``, as a family.

    >>> q = statistician_posterior(set_size=4, point_dim=3, context_dim=2, latent_dim=1)
    >>> q.sample(7, torch.zeros(5, 12)).shape
    torch.Size([7, 5, 6])
    """
    statistic = SetEncoder(point_dim, hidden, 2 * context_dim, generator)
    member = mlp(point_dim + context_dim, hidden, 2 * latent_dim, generator)
    return Ancestral(StatisticNets(statistic, member, set_size, context_dim, latent_dim))


class SetPosterior(Family):
    r"""q(z | {points}), one latent vector for a set: an encoder of sets reads all the points of the row.

    Args:
        encoder: from sets ``(*B, n, point_dim)`` to the 2 D numbers of a diagonal normal, or to a distribution of
            ``course_vi.distributions``; mostly the one that the model, a ``NeuralProcess``, has already.
        dim: D.
        point_dim: size of a point.

    >>> q = SetPosterior(SetEncoder(2, 8, 6), dim=3, point_dim=2)
    >>> q.sample(7, torch.zeros(5, 4 * 2)).shape
    torch.Size([7, 5, 3])
    """

    def __init__(self, encoder: nn.Module, dim: int, point_dim: int) -> None:
        super().__init__()
        validate.positive_integer("dim", dim)
        validate.positive_integer("point_dim", point_dim)
        refuse_noisy_layers(encoder)
        self.encoder, self.point_dim = encoder, point_dim
        self.dim = self.noise_dim = dim

    def distribution(self, x: Tensor | None = None) -> Density:
        if x is None or x.shape[-1] % self.point_dim:
            raise ValueError(
                f"x has shape {None if x is None else tuple(x.shape)}; expected rows of points of size {self.point_dim}"
            )
        return as_density(self.encoder(x.unflatten(-1, (-1, self.point_dim))))


class EncodesSets(Protocol):
    """A model with an encoder of sets, such as ``models.NeuralProcess``."""

    encoder: nn.Module
    latent_dim: int
    point_dim: int


def process_posterior(model: EncodesSets) -> SetPosterior:
    """q(z | C, T) for ``models.NeuralProcess``: the model's own encoder, shared, reads context and targets together.

    >>> from course_vi.models import NeuralProcess
    >>> process_posterior(NeuralProcess(num_points=10, num_context=4)).sample(7, torch.zeros(5, 20)).shape
    torch.Size([7, 5, 8])
    """
    return SetPosterior(model.encoder, model.latent_dim, model.point_dim)
