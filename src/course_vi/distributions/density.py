r"""What every density of the course is: a protocol, and the base of those with a map from noise."""

from __future__ import annotations

import math
from typing import Any, Protocol, TypeGuard, runtime_checkable

import torch
from torch import Size, Tensor
from torch.distributions import Distribution, constraints

__all__ = [
    "Conditional",
    "Density",
    "Drawn",
    "Freezable",
    "HALF_LOG_TWO_PI",
    "HasMean",
    "Printed",
    "Reparametrized",
    "Seeded",
    "Transported",
    "broadcast",
    "is_freezable",
]


HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


def broadcast(*shapes: Size) -> Size:
    """``torch.broadcast_shapes``, without its 15 microseconds where the shapes are equal or empty, as they mostly are.

    >>> broadcast(Size([3]), Size(), Size([3])), broadcast(Size([2, 1]), Size([3]))
    (torch.Size([3]), torch.Size([2, 3]))
    """
    longest = max(shapes, key=len)
    return (
        longest
        if all(shape == longest or not shape for shape in shapes)
        else torch.broadcast_shapes(*shapes)
    )


class Density(Protocol):
    """What an estimator asks of q(. | x), and what a distribution of torch has too: its batch, and the log of itself."""

    @property
    def batch_shape(self) -> Size:
        """B."""

    def log_prob(self, value: Tensor) -> Tensor:
        """log q(z), ``(K, *B)`` for ``(K, *B, D)``."""


@runtime_checkable
class Reparametrized(Protocol):
    """A density with z = t(eps): what a pathwise estimator differentiates."""

    @property
    def batch_shape(self) -> Size:
        """B."""

    def log_prob(self, value: Tensor) -> Tensor:
        """log q(z), ``(K, *B)``."""

    def transport(self, eps: Tensor) -> Tensor:
        """z ``(K, *B, D)`` from standard normal noise."""


@runtime_checkable
class Seeded(Reparametrized, Protocol):
    """One whose ``rsample`` takes a generator, which those of torch do not."""

    def rsample(
        self,
        sample_shape: Size | list[int] | tuple[int, ...] = (),
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """z ``(*sample_shape, *B, D)`` with a graph."""


@runtime_checkable
class Drawn(Protocol):
    """A density that draws its samples from a generator."""

    def draw(self, shape: tuple[int, ...], generator: torch.Generator | None = None) -> Tensor:
        """z ``(*shape, D)`` without a graph, where shape ends in the batch."""


@runtime_checkable
class Freezable(Protocol):
    """A density whose parameters can be held constant: a second one that shares the numbers but not the graph."""

    def detach(self) -> Density:
        """The same density, its parameters constant."""


@runtime_checkable
class HasMean(Protocol):
    """A density whose mean has a formula."""

    @property
    def mean(self) -> Tensor:
        """``(*B, D)``."""


class Conditional(Protocol):
    """A density for each datum, such as a family: what a model is given when it is asked about a posterior."""

    def distribution(self, x: Tensor | None = None) -> Any:
        """q(. | x)."""


_FREEZES: dict[type, bool] = {}


def is_freezable(density: object) -> TypeGuard[Freezable]:
    """``isinstance(density, Freezable)``, remembered by type: it is asked at every step of every fit, and takes 30 microseconds."""
    kind = type(density)
    if kind not in _FREEZES:
        _FREEZES[kind] = issubclass(kind, Freezable)
    return _FREEZES[kind]


class Printed:
    """Prints the shapes of a batch and of an event: ``DiagonalNormal(batch=(5,), event=(3,))``."""

    def __repr__(self) -> str:
        batch, event = (tuple(getattr(self, name)) for name in ("batch_shape", "event_shape"))
        return f"{type(self).__name__.removeprefix('_')}(batch={batch}, event={event})"


class Transported(Printed, Distribution):
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

    def rsample(
        self,
        sample_shape: Size | list[int] | tuple[int, ...] = (),
        generator: torch.Generator | None = None,
    ) -> Tensor:
        shape = (*sample_shape, *self._batch_shape, self.noise_dim)
        eps = torch.randn(shape, generator=generator, dtype=self.loc.dtype, device=self.loc.device)
        return self.transport(eps)
