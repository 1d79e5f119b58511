r"""A family of any ``torch.distributions`` object: say how it is built of its parameters."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Size, Tensor, nn
from torch.distributions import Distribution

from course_vi.distributions import BuiltDensity, Density, broadcast
from course_vi.families.base import Family

__all__ = ["FromDistribution"]


class FromDistribution(Family):
    r"""Parameters by name, and a function that builds the distribution of them: :math:`q_\phi(z) = \mathrm{build}(\phi)(z)`.

    The score function serves every distribution, pathwise gradients those with ``rsample``. Parameters are unconstrained numbers; ``build``
    maps them to what the distribution wants, and reads nothing else that is learned. The samples come from torch's own noise, seeded
    by ours: see ``distributions.TorchDensity``. ``Amortized`` and ``PerDatum`` take it, as they take any family with parameters.

    Args:
        build: the distribution, with events ``(D,)`` (``torch.distributions.Independent`` makes them so), of the parameters by name. It
            must follow a batch in front of them.
        parameters: initial values, without a batch.

    Raises:
        TypeError: ``build`` gives no distribution.
        ValueError: events of another number of axes; a build that does not follow a batch.

    >>> from torch.distributions import Independent, StudentT
    >>> q = FromDistribution(lambda loc, log_scale: Independent(StudentT(4.0, loc, log_scale.exp()), 1),
    ...                      loc=torch.zeros(3), log_scale=torch.zeros(3))
    >>> q.dim, q.reparametrized, q.sample(5, generator=torch.Generator().manual_seed(0)).shape
    (3, True, torch.Size([5, 3]))
    """

    replicable = True

    def __init__(self, build: Callable[..., Distribution], **parameters: Tensor) -> None:
        super().__init__()
        found = build(**parameters)
        if not isinstance(found, Distribution):
            raise TypeError(
                f"build gave a {type(found).__name__}; expected a torch.distributions.Distribution"
            )
        self.build, self.dim = build, BuiltDensity(build, parameters).event_shape[0]
        self.reparametrized = found.has_rsample
        self.noise_dim = 1 if found.has_rsample else 0
        self.parameter_event_dims = {name: value.dim() for name, value in parameters.items()}
        self.from_parameters = self._from_parameters  # type: ignore[method-assign]
        for name, value in parameters.items():
            setattr(self, name, nn.Parameter(value.detach().clone()))
        batch = build(**{n: v.detach().expand(2, *v.shape) for n, v in parameters.items()})
        if batch.batch_shape != Size([2]):
            raise ValueError(
                f"build gave a batch {tuple(batch.batch_shape)} for parameters with a batch (2,); expected (2,): does it reduce or "
                "reshape over an axis counted from the front?"
            )

    def _from_parameters(self, **parameters: Tensor) -> BuiltDensity:
        return BuiltDensity(self.build, parameters)

    @property
    def batch_shape(self) -> Size:
        return broadcast(
            *(
                torch.Size(value.shape[: value.dim() - self.parameter_event_dims[name]])
                for name, value in self.named_parameters()
            )
        )

    def distribution_parameters(self, x: Tensor | None = None) -> dict[str, Tensor]:
        return dict(self.named_parameters())

    def distribution(self, x: Tensor | None = None) -> Density:
        return self._from_parameters(**self.distribution_parameters(x))
