r"""Two stochastic layers, :math:`q(z_1 \mid x)\, q(z_2 \mid z_1)`, as one event."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

from course_vi.distributions import Printed, Reparametrized
from course_vi.families.base import Family

__all__ = ["Layered"]


class _LayeredDistribution(Printed):
    def __init__(self, first: Family, second: Family, x: Tensor | None) -> None:
        self.first, self.second, self.families, self.x = (
            first.distribution(x),
            second,
            (first, second),
            x,
        )
        self.dim, self.noise_dim, self.batch_shape = (
            first.dim,
            first.noise_dim,
            self.first.batch_shape,
        )
        self.event_shape = torch.Size([first.dim + second.dim])

    def transport(self, eps: Tensor) -> Tensor:
        z1 = cast(Reparametrized, self.first).transport(eps[..., : self.noise_dim])
        return torch.cat([z1, self.second.transport(eps[..., self.noise_dim :], z1)], -1)

    def draw(self, shape: tuple[int, ...], generator: torch.Generator | None = None) -> Tensor:
        z1 = self.families[0].draw(shape, generator, self.x)
        return torch.cat([z1, self.second.draw(shape, generator, z1)], -1)

    def log_prob(self, z: Tensor) -> Tensor:
        z1, z2 = z[..., : self.dim], z[..., self.dim :]
        return self.first.log_prob(z1) + self.second(z1, z2)


class Layered(Family):
    r"""A family over :math:`z = (z_1, z_2)`, where the second layer reads a *sample* of the first.

    .. math:: \log q(z \mid x) = \log q(z_1 \mid x) + \log q(z_2 \mid z_1)

    Freezing is where this goes wrong in practice. The parameters must be constant in both factors, but z_1 must not: it is
    an argument of the second factor, and the path through it is part of the gradient. Here the joint event is one vector,
    and the whole density is called with detached parameters, so nothing is cut and nothing leaks.

    Args:
        first: q(z_1 | x).
        second: q(z_2 | z_1), a conditional family such as ``Amortized``.

    >>> from torch import nn
    >>> from course_vi.families import Amortized, MeanField
    >>> q = Layered(Amortized(MeanField(1), nn.Linear(1, 2)), Amortized(MeanField(1), nn.Linear(1, 2)))
    >>> q.sample(4, torch.zeros(3, 1)).shape
    torch.Size([4, 3, 2])
    """

    def __init__(self, first: Family, second: Family) -> None:
        super().__init__()
        self.first, self.second = first, second
        self.dim, self.reparametrized = (
            first.dim + second.dim,
            first.reparametrized and second.reparametrized,
        )
        self.noise_dim = (
            first.noise_dim + second.noise_dim if first.noise_dim and second.noise_dim else 0
        )

    @property
    def batch_shape(self) -> torch.Size:
        return self.first.batch_shape

    def distribution(self, x: Tensor | None = None) -> _LayeredDistribution:
        return _LayeredDistribution(self.first, self.second, x)
