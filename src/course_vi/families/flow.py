"""Normalizing flows, from zuko. The one file that imports zuko."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch._C._functorch import is_batchedtensor
from torch.distributions import Distribution

_validate_args = Distribution._validate_args

import zuko  # noqa: E402    importing zuko switches argument checks off for the whole process ...

Distribution._validate_args = _validate_args  # ... so we switch them back on

from course_vi import validate  # noqa: E402
from course_vi.distributions import Printed  # noqa: E402
from course_vi.families.base import Family  # noqa: E402
from course_vi.nets import refuse_noisy_layers  # noqa: E402

__all__ = ["Flow"]

ROUND_TRIP = 0.01  # of 1 + |eps|, at the worst entry


class _FlowDistribution(Printed):
    """zuko's distribution, plus ``transport``: the inverse of its map from data to noise."""

    def __init__(
        self, flow: Any, dim: int, loc: Tensor | None = None, log_scale: Tensor | None = None
    ) -> None:
        self.loc, self.log_scale = loc, log_scale
        if tuple(flow.event_shape) != (dim,):
            raise ValueError(
                f"flow is over {math.prod(flow.event_shape)} latents; expected dim = {dim}"
            )
        if not isinstance(flow.base, zuko.distributions.DiagNormal):
            raise TypeError(
                f"flow has a {type(flow.base).__name__} base; expected a standard normal one, for the noise is standard normal"
            )
        self.flow, self.batch_shape, self.event_shape = flow, flow.batch_shape, flow.event_shape

    def transport(self, eps: Tensor) -> Tensor:
        u: Tensor = self.flow.transform.inv(eps)
        with torch.no_grad():
            worst = (self.flow.transform(u) - eps).abs() / (1 + eps.abs())
        if u.numel() and not is_batchedtensor(worst) and u.device.type != "meta":
            refuse_one_way(float(worst.max()))
        if self.loc is None or self.log_scale is None:
            return u
        return self.loc + self.log_scale.exp() * u

    def log_prob(self, z: Tensor) -> Tensor:
        if not z.numel():
            return z.sum(-1)  # zuko cannot count the axes of an empty batch
        if self.loc is None or self.log_scale is None:
            return self.flow.log_prob(z)
        u = (z - self.loc) * (-self.log_scale).exp()
        return self.flow.log_prob(u) - self.log_scale.sum()


def refuse_one_way(error: float) -> None:
    """Refuse a map whose round trip, noise to z to noise, ends elsewhere: its density is taken where its samples are not."""
    if error > ROUND_TRIP:
        raise ValueError(
            f"flow brings noise back changed by {error:.2g} of 1 + |eps|; expected {ROUND_TRIP:g} or less. Such a log q is not the density "
            "of z, and no bound holds. zuko's NAF, UNAF, SOSPF and GF invert by bisection within [-10, 10] and saturate there: "
            "expected a flow whose inverse is a formula, such as MAF or NSF"
        )


class Flow(Family):
    r"""An invertible network applied to standard normal noise, :math:`z = T_\phi^{-1}(\epsilon; x)`.

    .. math:: \log q(z \mid x) = \log N(T_\phi(z; x); 0, I) + \log \left| \det \frac{\partial T_\phi(z; x)}{\partial z} \right|

    Its density reads the network while ``log_prob`` runs, so it cannot be frozen by detaching numbers: ``frozen_log_prob``
    calls the whole module with detached parameters instead.

    Raises (when it is drawn from):
        ValueError: the map does not lead back, :math:`T(T^{-1}(\epsilon)) \ne \epsilon`: asked of every draw, for one more pass.

    Args:
        flow: a zuko flow with a standard normal base, for instance ``zuko.flows.MAF(dim, context)``.
        dim: D.
        context: the size of x if the flow is conditional, 0 if not.
        affine: a last layer :math:`z = m + e^s u` with learned m and s, both zero at the start. Splines are the identity beyond a
            few units, and some flows end there: without it they cannot reach a posterior that lies further out, or is wider.

    Source: Rezende and Mohamed, "Variational inference with normalizing flows", ICML 2015; the zuko library.

    >>> q = Flow(zuko.flows.MAF(2, 0, transforms=1, hidden_features=(8,)), dim=2)
    >>> q.sample(5).shape
    torch.Size([5, 2])
    """

    loc: Tensor | None
    log_scale: Tensor | None

    def __init__(self, flow: nn.Module, dim: int, context: int = 0, affine: bool = False) -> None:
        super().__init__()
        validate.positive_integer("dim", dim)
        validate.instance("flow", flow, zuko.lazy.LazyDistribution, ", such as zuko.flows.MAF(dim)")
        refuse_noisy_layers(flow, "flow")
        self.flow, self.dim, self.noise_dim, self.context = flow, dim, dim, context
        self.register_parameter("loc", nn.Parameter(torch.zeros(dim)) if affine else None)
        self.register_parameter("log_scale", nn.Parameter(torch.zeros(dim)) if affine else None)

    def distribution(self, x: Tensor | None = None) -> _FlowDistribution:
        if not self.context:
            return _FlowDistribution(self.flow(), self.dim, self.loc, self.log_scale)
        if x is None:
            raise ValueError("x is None; a conditional flow needs the datum it is asked about")
        validate.event_size("x", x, self.context)
        return _FlowDistribution(self.flow(x), self.dim, self.loc, self.log_scale)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, context={self.context}"
