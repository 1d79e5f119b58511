r"""Which posteriors can be expressed? A family is a set of densities :math:`q_\phi(z \mid x)`, indexed by its parameters.

A family is a module whose ``forward(x, z)`` *is* its log-density. That is what makes freezing sound: calling the module
with its parameters detached evaluates :math:`\log q` at constant phi, whatever the density reads while it is computed
(the networks of an autoregressive flow, the second layer of a layered family).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Self, cast

import torch
from torch import Size, Tensor, nn
from torch.distributions import Distribution

from course_vi import validate
from course_vi.distributions import (
    Density,
    Drawn,
    Reparametrized,
    TorchDensity,
    broadcast,
    is_freezable,
)
from course_vi.freezing import frozen
from course_vi.nets import first_parameter

__all__ = ["Family", "batch_shape"]


class Family(nn.Module):
    """A variational family with z = t_phi(eps; x), eps standard normal.

    A subclass sets ``dim`` and ``noise_dim``, and gives ``distribution(x)``. Many need none: ``FromDistribution`` makes a family of a
    distribution of torch, ``Transformed`` carries one over to positive or bounded latents.

    Attributes:
        dim: D, the size of the latent event.
        noise_dim: the size of the noise event (D, but rank + D for a factor covariance); 0 for a family that has no noise, and draws
            its samples from its distribution's ``draw(shape, generator)``; 1 where ``distribution`` is one of torch's with ``rsample``
            (see ``distributions.TorchDensity``; ``FromDistribution`` makes such a family of a function).
        reparametrized: whether ``transport`` exists; a family without it serves the score function only.
        parameter_event_dims: for a family with distribution parameters, how many axes the event of each has, ``{name: axes}``; else
            empty. Such a family has ``distribution_parameters(x)``, and ``from_parameters(**parameters)`` is its density.
        shares_latents: whether the rows of a batch share latents; then only path gradients are right.
        replicable: whether the parameters may carry a batch axis of replicates in front.

    >>> from torch.distributions import Independent, StudentT
    >>> class StudentFamily(Family):
    ...     noise_dim = 1                               # torch's own noise, by rsample
    ...     def __init__(self, dim, df):
    ...         super().__init__()
    ...         self.dim, self.df = dim, df
    ...         self.loc, self.log_scale = nn.Parameter(torch.zeros(dim)), nn.Parameter(torch.zeros(dim))
    ...     def distribution(self, x=None):
    ...         return Independent(StudentT(self.df, self.loc, self.log_scale.exp()), 1)
    >>> q = StudentFamily(2, df=4.0)
    >>> q.sample(5).shape, q(None, torch.zeros(5, 2)).shape
    (torch.Size([5, 2]), torch.Size([5]))
    """

    dim: int = cast(int, validate.Unsaid())
    noise_dim: int = 0
    reparametrized: bool = True
    replicable: bool = False
    shares_latents: bool = False
    parameter_event_dims: dict[str, int] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """A ``distribution`` that is one of torch's own learns to draw from a generator, and along a path."""
        super().__init_subclass__(**kwargs)
        if "distribution" in vars(cls):
            cls.distribution = _adapted(vars(cls)["distribution"])  # type: ignore[method-assign]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """A family whose ``__init__`` forgets ``super().__init__()`` is a module all the same."""
        q: Self = super().__new__(cls)
        nn.Module.__init__(q)
        return q

    @property
    def batch_shape(self) -> Size:
        """The batch that the parameters themselves carry: () unless there is one set of parameters per datum or replicate."""
        return Size()

    def distribution(self, x: Tensor | None = None) -> Density:
        """q(. | x): a ``Reparametrized`` density where the family is reparametrized, else a ``Drawn`` one."""
        raise NotImplementedError(
            f"{type(self).__name__} has no distribution; expected a method distribution(x) that returns q(. | x)"
        )

    def distribution_parameters(self, x: Tensor | None = None) -> dict[str, Tensor]:
        """The distribution parameters of q(. | x), ``{name: (*B, *event)}``: means, log scales, logits, as parameters or from a network."""
        raise NotImplementedError(f"{type(self).__name__} has no distribution parameters")

    @staticmethod
    def from_parameters(**parameters: Tensor) -> Density:
        """The density that has these distribution parameters."""
        raise NotImplementedError

    def extra_repr(self) -> str:
        """What ``print`` shows besides networks: the size of z, and the batch of the parameters if there is one."""
        batch = tuple(self.batch_shape)
        return f"dim={self.dim}" + (f", batch={batch}" if batch else "")

    def forward(self, x: Tensor | None, z: Tensor) -> Tensor:
        """log q(z | x), ``(K, *B)``, for ``z: (K, *B, D)``."""
        validate.event_size("z", z, self.dim)
        return self.distribution(x).log_prob(z)

    def frozen_log_prob(
        self, z: Tensor, x: Tensor | None = None, distribution: Density | None = None
    ) -> Tensor:
        r"""log q(z | x) with phi held constant: its gradient flows through z alone.

        Args:
            distribution: q(. | x), if the caller has it already; one that can ``detach`` itself saves a second encoder pass.
        """
        q = self.distribution(x) if distribution is None else distribution
        if is_freezable(q):
            return q.detach().log_prob(z)
        with frozen(self):
            return cast(Tensor, self(x, z))

    def noise(self, shape: tuple[int, ...], generator: torch.Generator | None = None) -> Tensor:
        """Standard normal noise ``(*shape, noise_dim)``, on the device and in the dtype of the parameters."""
        if not self.noise_dim:
            raise TypeError(
                f"{type(self).__name__} has no noise (noise_dim is 0): it draws its samples from a generator; expected a "
                "call of draw, or, for a distribution of torch with rsample, noise_dim = 1"
            )
        like = first_parameter(self)
        if like is None:
            raise ValueError(
                f"q is a {type(self).__name__} without a parameter; expected one or more: a family is a set of densities, and "
                "parameters index it"
            )
        validate.same_generator(generator, like.device)
        return torch.randn(
            *shape, self.noise_dim, generator=generator, dtype=like.dtype, device=like.device
        )

    def transport(self, eps: Tensor, x: Tensor | None = None) -> Tensor:
        """z = t_phi(eps; x), ``(K, *B, D)``."""
        validate.event_size("eps", eps, self.noise_dim)
        return cast(Reparametrized, self.distribution(x)).transport(eps)

    def draw(
        self,
        shape: tuple[int, ...],
        generator: torch.Generator | None = None,
        x: Tensor | None = None,
    ) -> Tensor:
        """z ~ q(. | x), ``(*shape, D)``, without a graph: by way of the noise where there is some."""
        with torch.no_grad():
            if self.noise_dim:
                return self.transport(self.noise(shape, generator), x)
            return cast(Drawn, self.distribution(x)).draw(shape, generator)

    def sample(
        self, num_samples: int, x: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Tensor:
        """z ~ q(. | x), ``(K, *B, D)``, without a graph. B is the batch of the parameters, and of x where x is given."""
        validate.positive_integer("num_samples", num_samples)
        return self.draw((num_samples, *batch_shape(self, x)), generator, x)


def _adapted(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def distribution(self: Family, x: Tensor | None = None) -> Any:
        found = method(self, x)
        if isinstance(found, Distribution) and not (
            hasattr(found, "transport") or hasattr(found, "draw")
        ):
            return TorchDensity(found)
        return found

    return distribution


def batch_shape(q: Family, x: Tensor | None, local: bool = True) -> Size:
    """B: the batch of the parameters, joined with that of the data when every datum has latents of its own."""
    if x is not None and not isinstance(x, Tensor):
        raise TypeError(f"x is a {type(x).__name__}; expected a torch.Tensor")
    data = Size() if x is None or not local else x.shape[:-1]
    return broadcast(q.batch_shape, data)
