r"""Constrained latents: a family on the whole space, carried over by an invertible map.

.. math:: z = f(u), \quad u \sim q_\phi(u \mid x), \qquad
          \log q(z \mid x) = \log q_\phi\big(f^{-1}(z) \mid x\big) - \log \left| \det \frac{\partial f}{\partial u} \right|
"""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import Size, Tensor, nn

from course_vi import validate
from course_vi.distributions import Density, Drawn, Printed, Reparametrized
from course_vi.families.base import Family

__all__ = [
    "Affine",
    "Bijector",
    "Blocks",
    "Cholesky",
    "Exp",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Transformed",
]


class Bijector(nn.Module):
    """An invertible map of vectors: ``forward(u)`` is z, ``inverse(z)`` is u, ``log_det(u)`` is log |dz/du|, summed over the event."""

    def forward(self, u: Tensor) -> Tensor:
        """z ``(*B, D)``."""
        raise NotImplementedError

    def inverse(self, z: Tensor) -> Tensor:
        """u ``(*B, D)``."""
        raise NotImplementedError

    def log_det(self, u: Tensor) -> Tensor:
        """``(*B)``."""
        raise NotImplementedError

    def output_dim(self, dim: int) -> int:
        """The size of z for u of this size."""
        return dim


class Affine(Bijector):
    r"""z = loc + exp(log_scale) u, learned.

    Args:
        dim: D.
        loc, log_scale: initial values, ``(D,)``; zeros by default.
    """

    def __init__(
        self, dim: int, loc: Tensor | None = None, log_scale: Tensor | None = None
    ) -> None:
        super().__init__()
        validate.positive_integer("dim", dim)
        for name, value in (("loc", loc), ("log_scale", log_scale)):
            if value is not None:
                validate.event_size(name, value, dim)
                validate.floats(**{name: value})
            start = torch.zeros(dim) if value is None else value.detach().clone()
            setattr(self, name, nn.Parameter(start))

    def forward(self, u: Tensor) -> Tensor:
        return cast(Tensor, self.loc) + cast(Tensor, self.log_scale).exp() * u

    def inverse(self, z: Tensor) -> Tensor:
        return (z - cast(Tensor, self.loc)) * (-cast(Tensor, self.log_scale)).exp()

    def log_det(self, u: Tensor) -> Tensor:
        return cast(Tensor, self.log_scale).sum().expand(u.shape[:-1])


class Exp(Bijector):
    """z = exp(u), for positive latents: a Gaussian becomes log-normal."""

    def forward(self, u: Tensor) -> Tensor:
        return u.exp()

    def inverse(self, z: Tensor) -> Tensor:
        return z.log()

    def log_det(self, u: Tensor) -> Tensor:
        return u.sum(-1)


class Softplus(Bijector):
    """z = log(1 + exp(u)), for positive latents: with tails as those of u."""

    def forward(self, u: Tensor) -> Tensor:
        return F.softplus(u)

    def inverse(self, z: Tensor) -> Tensor:
        return z + (-torch.expm1(-z)).log()

    def log_det(self, u: Tensor) -> Tensor:
        return F.logsigmoid(u).sum(-1)


class Sigmoid(Bijector):
    """z = 1 / (1 + exp(-u)), for latents between 0 and 1."""

    def forward(self, u: Tensor) -> Tensor:
        return u.sigmoid()

    def inverse(self, z: Tensor) -> Tensor:
        return z.logit()

    def log_det(self, u: Tensor) -> Tensor:
        return (F.logsigmoid(u) + F.logsigmoid(-u)).sum(-1)


class Softmax(Bijector):
    r"""D numbers and a zero, through a softmax: D + 1 probabilities. The density is with respect to the first D of them, as that of
    ``torch.distributions.Dirichlet`` is; :math:`\log|\det| = \sum_{i=1}^{D+1} \log z_i`.

    >>> Softmax()(torch.tensor([0.0, 0.0]))
    tensor([0.3333, 0.3333, 0.3333])
    """

    def forward(self, u: Tensor) -> Tensor:
        return F.pad(u, (0, 1)).softmax(-1)

    def inverse(self, z: Tensor) -> Tensor:
        log_z = z.log()
        return log_z[..., :-1] - log_z[..., -1:]

    def log_det(self, u: Tensor) -> Tensor:
        return F.pad(u, (0, 1)).log_softmax(-1).sum(-1)

    def output_dim(self, dim: int) -> int:
        return dim + 1


class Cholesky(Bijector):
    r"""The lower triangle of a matrix with a positive diagonal, row by row: n (n + 1) / 2 numbers, the exponential on the diagonal.

    Args:
        size: n.

    >>> Cholesky(2).matrix(Cholesky(2)(torch.tensor([0.0, 5.0, 0.0])))
    tensor([[1., 0.],
            [5., 1.]])
    """

    diagonal: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        validate.positive_integer("size", size)
        self.size = size
        rows, columns = torch.tril_indices(size, size)
        self.register_buffer("diagonal", rows == columns, persistent=False)

    def forward(self, u: Tensor) -> Tensor:
        validate.event_size("u", u, len(self.diagonal))
        return torch.where(self.diagonal, u.exp(), u)

    def inverse(self, z: Tensor) -> Tensor:
        safe = torch.where(self.diagonal, z, torch.ones_like(z))
        return torch.where(self.diagonal, safe.log(), z)

    def log_det(self, u: Tensor) -> Tensor:
        return torch.where(self.diagonal, u, torch.zeros_like(u)).sum(-1)

    def matrix(self, z: Tensor) -> Tensor:
        """L ``(*B, n, n)`` of its entries."""
        root = z.new_zeros(*z.shape[:-1], self.size, self.size)
        rows, columns = torch.tril_indices(self.size, self.size, device=z.device)
        root[..., rows, columns] = z
        return root


class Blocks(Bijector):
    """Another map for each part of the vector: ``Blocks((1, Exp()), (8, None))`` makes the first entry positive and leaves eight alone.

    Args:
        parts: sizes of u's parts and their maps, in order; None leaves a part as it is.

    Raises:
        TypeError: a part that is no pair of a size and a map.

    >>> Blocks((1, Exp()), (2, None))(torch.tensor([0.0, 0.0, -1.0]))
    tensor([ 1.,  0., -1.])
    """

    def __init__(self, *parts: tuple[int, Bijector | None]) -> None:
        super().__init__()
        for part in parts:
            if not (isinstance(part, tuple) and len(part) == 2):
                raise TypeError(
                    f"parts holds a {type(part).__name__}; expected pairs (size, map), such as (1, Exp()) or (8, None)"
                )
            size, f = part
            validate.positive_integer("size", size)
            if f is not None and not isinstance(f, Bijector):
                raise TypeError(f"parts holds a {type(f).__name__}; expected a Bijector or None")
        self.inputs = [size for size, _ in parts]
        self.outputs = [size if f is None else f.output_dim(size) for size, f in parts]
        self.maps = nn.ModuleList(nn.Identity() if f is None else f for _, f in parts)

    def forward(self, u: Tensor) -> Tensor:
        return torch.cat(
            [f(part) for f, part in zip(self.maps, u.split(self.inputs, -1), strict=True)], -1
        )

    def inverse(self, z: Tensor) -> Tensor:
        parts = zip(self.maps, z.split(self.outputs, -1), strict=True)
        return torch.cat(
            [f.inverse(part) if isinstance(f, Bijector) else part for f, part in parts], -1
        )

    def log_det(self, u: Tensor) -> Tensor:
        parts = zip(self.maps, u.split(self.inputs, -1), strict=True)
        return sum(
            (f.log_det(part) for f, part in parts if isinstance(f, Bijector)), start=u.new_zeros(())
        )

    def output_dim(self, dim: int) -> int:
        if dim != sum(self.inputs):
            raise ValueError(
                f"the parts have {sum(self.inputs)} entries together; expected {dim}, the family's"
            )
        return sum(self.outputs)


class _TransformedDensity(Printed):
    def __init__(self, base: Density, maps: nn.ModuleList, dim: int) -> None:
        self.base, self.maps = base, maps
        self.batch_shape, self.event_shape = base.batch_shape, Size([dim])

    def transport(self, eps: Tensor) -> Tensor:
        return self._carry(cast(Reparametrized, self.base).transport(eps))

    def draw(self, shape: tuple[int, ...], generator: torch.Generator | None = None) -> Tensor:
        with torch.no_grad():
            return self._carry(cast(Drawn, self.base).draw(shape, generator))

    def _carry(self, u: Tensor) -> Tensor:
        for f in self.maps:
            u = f(u)
        return u

    def log_prob(self, z: Tensor) -> Tensor:
        total = z.new_zeros(())
        for f in reversed(self.maps):
            z = cast(Bijector, f).inverse(z)
            total = total - cast(Bijector, f).log_det(z)
        return self.base.log_prob(z) + total


class Transformed(Family):
    r"""A family carried over by one or more invertible maps, the first one first.

    .. math:: z = f(u), \quad u \sim q_\phi(u \mid x), \qquad
              \log q(z \mid x) = \log q_\phi\big(f^{-1}(z) \mid x\big) - \log \left| \det \frac{\partial f}{\partial u} \right|

    The latents of the model are z, and its density is that of z: the Jacobian is in q, so p needs none.

    Args:
        base: any family of continuous latents: Gaussian, a flow, amortized, ``FromDistribution``.
        maps: ``Affine``, ``Exp``, ``Softplus``, ``Sigmoid``, ``Softmax``, ``Cholesky``, ``Blocks``, or your own ``Bijector``.

    Raises:
        TypeError: a map that is no ``Bijector``; none at all.

    >>> from course_vi.families import MeanField
    >>> q = Transformed(MeanField(1), Exp())                      # log-normal
    >>> z = torch.tensor([[2.0]])
    >>> torch.allclose(q(None, z), torch.distributions.LogNormal(0.0, 1.0).log_prob(z[:, 0]))
    True
    """

    def __init__(self, base: Family, *maps: Bijector) -> None:
        super().__init__()
        for f in maps:
            if not isinstance(f, Bijector):
                raise TypeError(
                    f"maps holds a {type(f).__name__}; expected Bijectors, such as Exp()"
                )
        if not maps:
            raise TypeError("maps is empty; expected at least one Bijector, such as Exp()")
        self.base, self.maps, dim = base, nn.ModuleList(maps), base.dim
        for f in maps:
            dim = f.output_dim(dim)
        self.dim, self.noise_dim, self.reparametrized = dim, base.noise_dim, base.reparametrized

    @property
    def batch_shape(self) -> Size:
        return self.base.batch_shape

    def distribution(self, x: Tensor | None = None) -> _TransformedDensity:
        return _TransformedDensity(self.base.distribution(x), self.maps, self.dim)
