r"""Gaussian families: diagonal, full, and factor covariance."""

from __future__ import annotations

import torch
from torch import Size, Tensor, nn

from course_vi import validate
from course_vi.distributions import CholeskyNormal, Density, DiagonalNormal, FactorNormal, broadcast
from course_vi.families.base import Family

__all__ = ["FactorCovariance", "FullRank", "GaussianFamily", "MeanField"]


class GaussianFamily(Family):
    """What these families share: parameters named ``loc`` and ``log_scale``, and ``from_parameters``, from parameters to density.

    ``from_parameters`` is also what an amortized family calls, with parameters that a network gave it.

    Args:
        dim: D.
        loc: initial means, ``(*B, D)``; zeros by default.
        log_scale: initial logarithms of the standard deviations, ``(*B, D)``; zeros by default.

    Raises:
        ValueError: a parameter's last axis is not D, or ``dim`` is not positive.
    """

    replicable = True
    parameter_event_dims = {"loc": 1, "log_scale": 1, "lower": 2, "factor": 2}

    def __init__(
        self,
        dim: int,
        loc: Tensor | None = None,
        log_scale: Tensor | None = None,
        other: Tensor | None = None,
    ) -> None:
        super().__init__()
        validate.positive_integer("dim", dim)
        self.dim = self.noise_dim = dim
        given = [value for value in (loc, log_scale, other) if isinstance(value, Tensor)]
        zeros = (
            given[0].new_zeros(dim) if given else torch.zeros(dim)
        )  # a default follows what was given, in dtype and device
        for name, value in (("loc", loc), ("log_scale", log_scale)):
            if value is not None:
                validate.event_size(name, value, dim)
                validate.floats(**{name: value})
            setattr(self, name, nn.Parameter((zeros if value is None else value.detach()).clone()))

    loc: nn.Parameter
    log_scale: nn.Parameter

    @property
    def batch_shape(self) -> Size:
        return broadcast(self.loc.shape, self.log_scale.shape)[:-1]

    @staticmethod
    def from_parameters(**parameters: Tensor) -> Density:
        raise NotImplementedError

    def distribution_parameters(self, x: Tensor | None = None) -> dict[str, Tensor]:
        return dict(self.named_parameters())

    def distribution(self, x: Tensor | None = None) -> Density:
        return self.from_parameters(**self.distribution_parameters(x))


class MeanField(GaussianFamily):
    r"""The diagonal Gaussian, :math:`q(z) = \prod_d N(z_d; \mu_d, \sigma_d^2)`, with :math:`z = \mu + \sigma \odot \epsilon`.

    >>> q = MeanField(2, loc=torch.tensor([1.0, -1.0]))
    >>> q.sample(5).shape, q(None, torch.zeros(5, 2)).shape
    (torch.Size([5, 2]), torch.Size([5]))
    >>> log_q = q.frozen_log_prob(q.transport(q.noise((5,))))      # phi constant: the gradient flows through z alone
    >>> log_q.sum().backward(); q.loc.grad.shape
    torch.Size([2])
    """

    @staticmethod
    def from_parameters(**parameters: Tensor) -> DiagonalNormal:
        return DiagonalNormal(parameters["loc"], parameters["log_scale"])


class FullRank(GaussianFamily):
    r"""The Gaussian with any covariance, :math:`\Sigma = L L^\top`: D(D+1)/2 numbers for it, and :math:`z = \mu + L \epsilon`.

    L has ``exp(log_scale)`` on its diagonal and the strict lower triangle of ``lower`` below it.

    >>> FullRank(3).distribution().covariance_matrix.detach()
    tensor([[1., 0., 0.],
            [0., 1., 0.],
            [0., 0., 1.]])
    """

    def __init__(
        self,
        dim: int,
        loc: Tensor | None = None,
        log_scale: Tensor | None = None,
        lower: Tensor | None = None,
    ) -> None:
        super().__init__(dim, loc, log_scale, lower)
        lower = self.loc.new_zeros(*self.loc.shape, dim) if lower is None else lower
        if tuple(lower.shape[-2:]) != (dim, dim):
            raise ValueError(f"lower has shape {tuple(lower.shape)}; expected (*B, {dim}, {dim})")
        self.lower = nn.Parameter(lower.detach().clone())

    @property
    def batch_shape(self) -> Size:
        return broadcast(super().batch_shape, self.lower.shape[:-2])

    @staticmethod
    def from_parameters(**parameters: Tensor) -> CholeskyNormal:
        scale_tril = parameters["lower"].tril(-1) + torch.diag_embed(parameters["log_scale"].exp())
        return CholeskyNormal(parameters["loc"], scale_tril)


class FactorCovariance(GaussianFamily):
    r"""Covariance of low rank plus a diagonal, :math:`\Sigma = B B^\top + \mathrm{diag}(\sigma^2)`: D(r+2) numbers, linear in D.

    .. math:: z = \mu + B \epsilon_1 + \sigma \odot \epsilon_2

    B starts at small random numbers, never at zero: B = 0 is a saddle, where the expected gradient of B vanishes exactly.

    Args:
        rank: r, the number of factors.
        generator: draws the initial B.

    Source: Ong, Nott and Smith, "Gaussian variational approximation with a factor covariance structure", 2018.

    >>> q = FactorCovariance(dim=10_000, rank=5)
    >>> q(None, q.sample(2)).shape      # a 10,000 x 10,000 matrix is never formed
    torch.Size([2])
    """

    def __init__(
        self,
        dim: int,
        rank: int = 1,
        loc: Tensor | None = None,
        log_scale: Tensor | None = None,
        factor: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(dim, loc, log_scale, factor)
        validate.positive_integer("rank", rank)
        if factor is None:
            small = torch.randn(
                *self.loc.shape,
                rank,
                generator=generator,
                dtype=self.loc.dtype,
                device=self.loc.device,
            )
            factor = 0.1 * small / rank**0.5
        validate.event_size("factor", factor, rank)
        if tuple(factor.shape[-2:]) != (dim, rank):
            raise ValueError(
                f"factor has shape {tuple(factor.shape)}; expected (*B, {dim}, {rank})"
            )
        self.rank, self.noise_dim, self.factor = (
            rank,
            rank + dim,
            nn.Parameter(factor.detach().clone()),
        )

    @property
    def batch_shape(self) -> Size:
        return broadcast(super().batch_shape, self.factor.shape[:-2])

    @staticmethod
    def from_parameters(**parameters: Tensor) -> FactorNormal:
        return FactorNormal(parameters["loc"], parameters["log_scale"], parameters["factor"])

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, rank={self.rank}"
