r"""Families on the positive line and on the unit interval; see ``distributions.positive`` for their samples."""

from __future__ import annotations

import torch
from torch import Size, Tensor, nn

from course_vi import validate
from course_vi.distributions import BetaVector, Density, GammaVector, broadcast
from course_vi.families.base import Family

__all__ = ["BetaMeanField", "GammaMeanField", "PositiveFamily"]


class PositiveFamily(Family):
    """Two rows of parameters, named by the subclass, and the density that they index."""

    replicable = True

    def __init__(self, dim: int, **initial: Tensor | None) -> None:
        super().__init__()
        validate.positive_integer("dim", dim)
        self.dim = dim
        for name, value in initial.items():
            if value is not None:
                validate.event_size(name, value, dim)
                validate.floats(**{name: value})
            setattr(
                self,
                name,
                nn.Parameter(torch.zeros(dim) if value is None else value.detach().clone()),
            )

    @property
    def batch_shape(self) -> Size:
        return broadcast(*(parameter.shape[:-1] for parameter in self.parameters()))

    def distribution_parameters(self, x: Tensor | None = None) -> dict[str, Tensor]:
        return dict(self.named_parameters())

    def distribution(self, x: Tensor | None = None) -> Density:
        return self.from_parameters(**self.distribution_parameters(x))


class GammaMeanField(PositiveFamily):
    r"""Independent Gamma variables, :math:`q(z) = \prod_d \mathrm{Gamma}(z_d; \alpha_d, \beta_d)`, for positive latents.

    Args:
        dim: D.
        log_concentration, log_rate: initial logarithms of alpha and beta, ``(*B, D)``; zeros by default.

    Raises:
        ValueError: a parameter's last axis is not D, or ``dim`` is not positive.

    >>> q = GammaMeanField(2)
    >>> z = q.transport(q.noise((5,)))
    >>> z.shape, bool((z > 0).all())
    (torch.Size([5, 2]), True)
    """

    parameter_event_dims = {"log_concentration": 1, "log_rate": 1}

    def __init__(
        self, dim: int, log_concentration: Tensor | None = None, log_rate: Tensor | None = None
    ) -> None:
        super().__init__(dim, log_concentration=log_concentration, log_rate=log_rate)
        self.noise_dim = dim

    @staticmethod
    def from_parameters(**parameters: Tensor) -> GammaVector:
        return GammaVector(parameters["log_concentration"], parameters["log_rate"])


class BetaMeanField(PositiveFamily):
    r"""Independent Beta variables, :math:`q(z) = \prod_d \mathrm{Beta}(z_d; a_d, b_d)`, for probabilities.

    Args:
        dim: D.
        log_a, log_b: initial logarithms of a (counts ones) and b (counts zeros), ``(*B, D)``; zeros by default, which is uniform.

    >>> BetaMeanField(3).sample(4).shape
    torch.Size([4, 3])
    """

    parameter_event_dims = {"log_a": 1, "log_b": 1}

    def __init__(self, dim: int, log_a: Tensor | None = None, log_b: Tensor | None = None) -> None:
        super().__init__(dim, log_a=log_a, log_b=log_b)
        self.noise_dim = 2 * dim

    @staticmethod
    def from_parameters(**parameters: Tensor) -> BetaVector:
        return BetaVector(parameters["log_a"], parameters["log_b"])
