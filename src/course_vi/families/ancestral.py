r"""A structured family: latents in an order, each drawn in the light of those before it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Size, Tensor, nn

from course_vi import validate
from course_vi.distributions import Printed, Reparametrized
from course_vi.families.base import Family
from course_vi.nets import refuse_noisy_layers

__all__ = ["Ancestral", "Conditionals"]


class Conditionals(nn.Module):
    r"""The nets of an ``Ancestral`` family: a memory, and at each level a density.

    Attributes:
        sizes: of z_1, ..., z_L.
    """

    sizes: tuple[int, ...]

    def begin(self, x: Tensor) -> Any:
        """The memory before the first latent, from the datum ``(*B, Dx)``."""
        raise NotImplementedError

    def step(self, level: int, memory: Any, previous: Tensor | None) -> tuple[Reparametrized, Any]:
        """q(z_l | z_<l, x) and the memory after it. ``previous`` is z_{l-1}, ``(K, *B, D_{l-1})``; None at level 0."""
        raise NotImplementedError


class _AncestralDistribution(Printed):
    def __init__(self, net: Conditionals, x: Tensor) -> None:
        self.net, self.x, self.batch_shape, self.event_shape = (
            net,
            x,
            x.shape[:-1],
            Size([sum(net.sizes)]),
        )

    def transport(self, eps: Tensor) -> Tensor:
        parts: list[Tensor] = []
        for density, noise in self._levels(parts, eps):
            parts.append(density.transport(noise))
        return torch.cat(parts, -1)

    def log_prob(self, z: Tensor) -> Tensor:
        parts: list[Tensor] = []
        total = z.new_zeros(())
        for density, part in self._levels(parts, z):
            total = total + density.log_prob(part)
            parts.append(part)
        return total

    def _levels(
        self, parts: list[Tensor], whole: Tensor
    ) -> Iterator[tuple[Reparametrized, Tensor]]:
        """Each density in turn, and its share of ``whole``; the caller appends z_l to ``parts`` before it asks for the next."""
        memory = self.net.begin(self.x)
        for level, share in enumerate(whole.split(self.net.sizes, -1)):
            density, memory = self.net.step(level, memory, parts[-1] if parts else None)
            yield density, share


class Ancestral(Family):
    r"""A family over :math:`z = (z_1, \dots, z_L)`, one event vector, that is drawn from the first to the last.

    .. math:: q_\phi(z \mid x) = \prod_{l=1}^L q_\phi(z_l \mid z_1, \dots, z_{l-1}, x), \qquad z_l = t_\phi(\epsilon_l;\, z_{<l}, x)

    ``Layered`` is the case of two levels of which the second reads z_1 only. Any net that turns a memory and the latent before into a
    Gaussian will do; states of a sequence, strokes of a drawing, or a set's statistic and then its members are all told this way.

    Freezing is sound as for every family here: the whole density is called with detached parameters, z_1, z_2, ... keep their paths.

    Args:
        net: ``Conditionals``; its densities are those of ``course_vi.distributions``, with as much noise as latents.

    Raises:
        ValueError: the net holds dropout or batch normalization; x is None.

    >>> from course_vi.distributions import DiagonalNormal
    >>> class Walk(Conditionals):
    ...     sizes = (1, 1, 1)
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.log_scale = nn.Parameter(torch.zeros(1))
    ...     def begin(self, x):
    ...         return x
    ...     def step(self, level, memory, previous):
    ...         return DiagonalNormal(memory if previous is None else previous, self.log_scale), memory
    >>> q = Ancestral(Walk())
    >>> q.transport(torch.ones(2, 5, 3), torch.zeros(5, 1))[0, 0]
    tensor([1., 2., 3.], grad_fn=<SelectBackward0>)
    """

    def __init__(self, net: Conditionals) -> None:
        super().__init__()
        for size in net.sizes:
            validate.positive_integer("sizes", size)
        refuse_noisy_layers(net)
        self.net = net
        self.dim = self.noise_dim = sum(net.sizes)

    def distribution(self, x: Tensor | None = None) -> _AncestralDistribution:
        if x is None:
            raise ValueError("x is None; this family needs the datum it is asked about")
        return _AncestralDistribution(self.net, x)

    @property
    def batch_shape(self) -> Size:
        return Size()

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, sizes={tuple(self.net.sizes)}"
