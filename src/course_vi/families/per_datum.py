r"""A row of variational parameters for every datum: what one fits without an encoder, and what an encoder is measured against."""

from __future__ import annotations

import copy

from torch import Size, Tensor, nn

from course_vi import validate
from course_vi.distributions import Density, broadcast
from course_vi.families.amortized import Amortized
from course_vi.families.base import Family

__all__ = ["PerDatum"]


class PerDatum(Family):
    r"""The family of q, with free parameters for each datum: :math:`q(z_n) = q(z_n; \lambda_n)` instead of :math:`q(z_n; f_\phi(x_n))`.

    It starts where q stands: at the encoder's answers, if q is amortized. It ignores x, and remembers its rows by their position.

    Args:
        q: a Gaussian or discrete family, amortized or not. It is not changed.
        x: the data, ``(*B, Dx)``.

    Raises:
        TypeError: q has no distribution parameters (a flow, layers).

    >>> import torch
    >>> from course_vi.families import MeanField
    >>> q = PerDatum(MeanField(2), torch.zeros(10, 5))
    >>> {name: tuple(parameter.shape) for name, parameter in q.named_parameters()}, q.batch_shape
    ({'loc': (10, 2), 'log_scale': (10, 2)}, torch.Size([10]))
    >>> q.rows(torch.tensor([3, 4])).batch_shape
    torch.Size([2])
    """

    inner: str

    def __init__(self, q: Family, x: Tensor) -> None:
        super().__init__()
        validate.instance("x", x, Tensor)
        if not q.parameter_event_dims:
            raise TypeError(
                f"q is a {type(q).__name__}, which has no distribution parameters; expected a Gaussian or discrete family"
            )
        self.dim, self.noise_dim, self.reparametrized = q.dim, q.noise_dim, q.reparametrized
        self.from_parameters = q.from_parameters  # type: ignore[method-assign]
        self.parameter_event_dims = q.parameter_event_dims
        self.inner = q.inner if isinstance(q, Amortized | PerDatum) else repr(q)
        for name, value in q.distribution_parameters(x).items():
            axes = value.dim() - q.parameter_event_dims[name]
            shape = (*broadcast(value.shape[:axes], x.shape[:-1]), *value.shape[axes:])
            setattr(self, name, nn.Parameter(value.detach().expand(shape).clone()))

    @property
    def batch_shape(self) -> Size:
        name, parameter = next(self.named_parameters())
        return parameter.shape[: parameter.dim() - self.parameter_event_dims[name]]

    def distribution_parameters(self, x: Tensor | None = None) -> dict[str, Tensor]:
        return dict(self.named_parameters())

    def distribution(self, x: Tensor | None = None) -> Density:
        return self.from_parameters(**self.distribution_parameters(x))

    def rows(self, index: Tensor) -> PerDatum:
        """A copy of some rows, with parameters of its own."""
        some = copy.copy(self)
        some._parameters = {
            name: nn.Parameter(parameter.detach()[index])
            for name, parameter in self.named_parameters()
        }
        return some

    def write(self, index: Tensor, rows: PerDatum) -> None:
        """Put a copy's parameters back into their rows."""
        for name, parameter in self.named_parameters():
            parameter.data[index] = rows.get_parameter(name).data

    def extra_repr(self) -> str:
        return f"family={self.inner}, batch={tuple(self.batch_shape)}"
