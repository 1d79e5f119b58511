r"""Amortized families: a network reads the datum and writes the parameters."""

from __future__ import annotations

import math

from torch import Size, Tensor, nn

from course_vi.distributions import Density
from course_vi.families.base import Family
from course_vi.nets import called, refuse_noisy_layers

__all__ = ["Amortized"]


class Amortized(Family):
    r"""A Gaussian, planar, Gamma, Beta or discrete family whose numbers are a function of the datum:

    .. math:: q_\phi(z \mid x) = q\big(z; f_\phi(x)\big).

    Args:
        family: says which density, and names and shapes its parameters; its own values are not used.
        encoder: maps ``(*B, Dx)`` to ``(*B, P)``, where P counts the family's parameters in the order of ``named_parameters``
            (for ``MeanField``: loc, then log_scale, so P = 2D; for a discrete family: logits).

    Raises:
        TypeError: the family has no distribution parameters (a zuko flow, layers), or is amortized already.
        ValueError: the encoder holds dropout or batch normalization. Either makes log q another function at each call, or one
            that depends on the rest of the batch, and no estimator of the course would be right for it.

    >>> import torch
    >>> from course_vi.families import MeanField
    >>> from course_vi.nets import mlp
    >>> q = Amortized(MeanField(8), mlp(64, 200, 16))
    >>> q.sample(3, torch.zeros(10, 64)).shape
    torch.Size([3, 10, 8])
    """

    def __init__(self, family: Family, encoder: nn.Module) -> None:
        super().__init__()
        if not family.parameter_event_dims or isinstance(family, Amortized):
            raise TypeError(
                f"family is a {type(family).__name__}; expected MeanField, another Gaussian, Planar or a discrete family"
            )
        if family.batch_shape != Size():
            raise ValueError(
                f"family carries a batch {tuple(family.batch_shape)}; expected one without: the encoder supplies it"
            )
        refuse_noisy_layers(encoder)
        self.dim, self.noise_dim, self.reparametrized = (
            family.dim,
            family.noise_dim,
            family.reparametrized,
        )
        self.from_parameters = family.from_parameters  # type: ignore[method-assign]
        self.shapes = {name: parameter.shape for name, parameter in family.named_parameters()}
        self.parameter_event_dims = {name: len(shape) for name, shape in self.shapes.items()}
        self.encoder, self.inner = encoder, repr(family)

    def distribution(self, x: Tensor | None = None) -> Density:
        return self.from_parameters(**self.distribution_parameters(x))

    def distribution_parameters(self, x: Tensor | None = None) -> dict[str, Tensor]:
        if x is None:
            raise ValueError(
                "x is None; expected the datum that an amortized family is asked about"
            )
        flat = called("encoder", self.encoder, x)
        sizes = [math.prod(shape) for shape in self.shapes.values()]
        if flat.shape[-1] != sum(sizes):
            raise ValueError(
                f"encoder gave {flat.shape[-1]} numbers per datum; expected {sum(sizes)} for {dict(self.shapes)}"
            )
        parts = flat.split(sizes, -1)
        return {
            name: part if len(shape) == 1 else part.reshape(*flat.shape[:-1], *shape)
            for (name, shape), part in zip(self.shapes.items(), parts, strict=True)
        }

    def extra_repr(self) -> str:
        return f"family={self.inner}"
