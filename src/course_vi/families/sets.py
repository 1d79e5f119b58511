r"""Recognition of sets: the order of the points carries nothing, so nothing may depend on it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from course_vi import expect
from course_vi.distributions import DiagonalNormal
from course_vi.families.amortized import refuse_noisy_layers
from course_vi.families.ancestral import Ancestral, Conditionals
from course_vi.families.base import Family
from course_vi.nets import join, mlp

__all__ = ["SetEncoder", "SetPosterior", "StatisticNets", "as_density", "statistician_posterior"]


class SetEncoder(nn.Module):
    r"""Sets in, a vector out, whatever the order and the number of the points.

    .. math:: f(\{x_1, \dots, x_n\}) = \rho\Big(\frac1n \sum_{i=1}^n \varphi(x_i),\; \log(1 + n)\Big)

    Every continuous function of a set has this form, with a sum inside; the mean and the count together are the sum. An empty set has
    the mean zero.

    Args:
        point_dim: size of a point.
        hidden: units, and size of :math:`\varphi`.
        outputs: size of the answer.
        generator: draws the initial weights.

    Source: Zaheer et al., "Deep sets", NeurIPS 2017.

    >>> encoder, points = SetEncoder(2, 8, 3), torch.randn(5, 4, 2)
    >>> bool((encoder(points) - encoder(points[:, [2, 0, 3, 1]])).abs().max() < 1e-5), encoder(points[:, :0]).shape
    (True, torch.Size([5, 3]))
    """

    def __init__(self, point_dim: int, hidden: int, outputs: int, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.point_dim = point_dim
        self.each, self.whole = mlp(point_dim, hidden, hidden, generator), mlp(hidden + 1, hidden, outputs, generator)

    def forward(self, points: Tensor) -> Tensor:
        """``(*B, n, point_dim)`` to ``(*B, outputs)``."""
        expect.event_size("points", points, self.point_dim)
        count = points.shape[-2]
        mean = self.each(points).sum(-2) / max(count, 1)
        return self.whole(join(mean, mean.new_full((1,), math.log1p(count))))


class StatisticNets(Conditionals):
    r"""q(c | x_1..x_N) and then q(z_n | x_n, c) for each member: the recognition half of ``NeuralStatistician``.

    Args:
        statistic: a net from sets ``(*B, N, Dx)`` to the 2 C numbers of a diagonal normal over c.
        member: a net from ``(x_n, c)`` to the 2 D numbers of one over z_n.
        set_size, context_dim, latent_dim: N, C and D.
    """

    def __init__(self, statistic: nn.Module, member: nn.Module, set_size: int, context_dim: int, latent_dim: int) -> None:
        super().__init__()
        self.statistic, self.member, self.set_size, self.sizes = statistic, member, set_size, (context_dim, set_size * latent_dim)

    def begin(self, x: Tensor) -> Tensor:
        if x.shape[-1] % self.set_size:
            raise ValueError(f"x has shape {tuple(x.shape)}; expected rows of {self.set_size} points")
        return x.unflatten(-1, (self.set_size, -1))

    def step(self, level: int, memory: Tensor, previous: Tensor | None) -> tuple[DiagonalNormal, Tensor]:
        if previous is None:
            return DiagonalNormal(*self.statistic(memory).chunk(2, -1)), memory
        loc, log_scale = self.member(join(memory, previous.unsqueeze(-2))).chunk(2, -1)
        return DiagonalNormal(loc.flatten(-2), log_scale.flatten(-2)), memory


def statistician_posterior(set_size: int, point_dim: int, context_dim: int, latent_dim: int, hidden: int = 64,
                           generator: torch.Generator | None = None) -> Ancestral:
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
        expect.positive_integer("dim", dim)
        expect.positive_integer("point_dim", point_dim)
        refuse_noisy_layers(encoder)
        self.encoder, self.point_dim = encoder, point_dim
        self.dim = self.noise_dim = dim

    def distribution(self, x: Tensor | None = None) -> Any:
        if x is None or x.shape[-1] % self.point_dim:
            raise ValueError(f"x has shape {None if x is None else tuple(x.shape)}; expected rows of points of size {self.point_dim}")
        return as_density(self.encoder(x.unflatten(-1, (-1, self.point_dim))))


def as_density(answer: Any) -> Any:
    """A diagonal normal for a tensor (means, then log scales, on the last axis); a distribution as it is."""
    return DiagonalNormal(*answer.chunk(2, -1)) if isinstance(answer, Tensor) else answer
