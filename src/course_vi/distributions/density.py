r"""What every density of the course is: a protocol, and the base of those with a map from noise."""

from __future__ import annotations

import math

import torch
from torch import Size, Tensor
from torch.distributions import Distribution, constraints

__all__ = ["HALF_LOG_TWO_PI", "Transported", "broadcast"]


HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


def broadcast(*shapes: Size) -> Size:
    """``torch.broadcast_shapes``, without its 15 microseconds where the shapes are equal or empty, as they mostly are.

    >>> broadcast(Size([3]), Size(), Size([3])), broadcast(Size([2, 1]), Size([3]))
    (torch.Size([3]), torch.Size([2, 3]))
    """
    longest = max(shapes, key=len)
    return longest if all(shape == longest or not shape for shape in shapes) else torch.broadcast_shapes(*shapes)


class Transported(Distribution):
    """A distribution of z = t(eps) with eps standard normal; subclasses say which t."""

    arg_constraints: dict[str, constraints.Constraint] = {}
    support = constraints.real_vector
    has_rsample = True
    loc: Tensor

    def __init__(self, loc: Tensor, batch_shape: Size, noise_dim: int) -> None:
        self.loc, self.noise_dim = loc, noise_dim
        super().__init__(batch_shape, loc.shape[-1:], validate_args=False)

    @property
    def mean(self) -> Tensor:
        return self.loc.expand(self._batch_shape + self._event_shape)

    def transport(self, eps: Tensor) -> Tensor:
        raise NotImplementedError

    def rsample(self, sample_shape: Size | list[int] | tuple[int, ...] = (), generator: torch.Generator | None = None) -> Tensor:
        shape = (*sample_shape, *self._batch_shape, self.noise_dim)
        eps = torch.randn(shape, generator=generator, dtype=self.loc.dtype, device=self.loc.device)
        return self.transport(eps)
