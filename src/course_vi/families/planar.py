r"""Planar flows by hand; see ``distributions.planar`` for the density."""

from __future__ import annotations

import torch
from torch import Size, Tensor, nn

from course_vi import validate
from course_vi.distributions import PlanarNormal, broadcast
from course_vi.families.base import Family

__all__ = ["Planar"]


class Planar(Family):
    r"""A planar flow on a diagonal Gaussian: 2 D numbers for the Gaussian, 2 D + 1 for each layer; see ``distributions.planar``.

    :math:`\hat u = u + (m(w^\top u) - w^\top u)\, w / \lVert w \rVert^2` keeps :math:`w^\top \hat u = m(w^\top u)` above -1, with
    :math:`m(a) = -1 + \mathrm{softplus}(a + \text{const})` and the constant such that m(0) = 0: at u = 0 a layer is the identity,
    and that is where it starts (w is small and random, or all layers would stay equal).

    Its density is a function of its distribution parameters, so it can be frozen by detaching them, and ``Amortized`` and
    ``PerDatum`` can hold it.

    Args:
        dim: D.
        layers: L, 1 or more.
        loc, log_scale: of the Gaussian, ``(*B, D)``; zeros by default.
        shift, normal, offset: u and w, ``(*B, L, D)``, and b, ``(*B, L)``. By default zeros, random normal / sqrt(D), zeros.
        generator: draws the initial w.

    Source: Rezende and Mohamed, "Variational inference with normalizing flows", ICML 2015 (there m is without the constant, and the
    inverse is not given).

    >>> q = Planar(2, layers=3)
    >>> z = q.sample(5)
    >>> z.shape, q(None, z).shape
    (torch.Size([5, 2]), torch.Size([5]))
    """

    parameter_event_dims = {"loc": 1, "log_scale": 1, "shift": 2, "normal": 2, "offset": 1}
    replicable = True

    loc: nn.Parameter
    log_scale: nn.Parameter
    shift: nn.Parameter
    normal: nn.Parameter
    offset: nn.Parameter

    def __init__(
        self,
        dim: int,
        layers: int = 1,
        loc: Tensor | None = None,
        log_scale: Tensor | None = None,
        shift: Tensor | None = None,
        normal: Tensor | None = None,
        offset: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        validate.positive_integer("dim", dim)
        validate.positive_integer("layers", layers)
        self.dim = self.noise_dim = dim
        given = {
            "loc": loc,
            "log_scale": log_scale,
            "shift": shift,
            "normal": normal,
            "offset": offset,
        }
        shapes = {
            "loc": (dim,),
            "log_scale": (dim,),
            "shift": (layers, dim),
            "normal": (layers, dim),
            "offset": (layers,),
        }
        like = next((value for value in given.values() if value is not None), torch.zeros(()))
        for name, value in given.items():
            if value is None:
                random = (
                    torch.randn(
                        shapes[name], generator=generator, dtype=like.dtype, device=like.device
                    )
                    / dim**0.5
                )
                value = random if name == "normal" else like.new_zeros(shapes[name])
            if tuple(value.shape[value.dim() - len(shapes[name]) :]) != shapes[name]:
                raise ValueError(
                    f"{name} has shape {tuple(value.shape)}; expected (*B, {', '.join(map(str, shapes[name]))})"
                )
            setattr(self, name, nn.Parameter(value.detach().clone()))

    @property
    def batch_shape(self) -> Size:
        return broadcast(
            *(
                parameter.shape[: parameter.dim() - self.parameter_event_dims[name]]
                for name, parameter in self.named_parameters()
            )
        )

    @staticmethod
    def from_parameters(**parameters: Tensor) -> PlanarNormal:
        return PlanarNormal(**parameters)

    def distribution_parameters(self, x: Tensor | None = None) -> dict[str, Tensor]:
        return dict(self.named_parameters())

    def distribution(self, x: Tensor | None = None) -> PlanarNormal:
        return self.from_parameters(**self.distribution_parameters(x))

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, layers={self.offset.shape[-1]}"
