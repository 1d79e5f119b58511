r"""Planar flows by hand: each layer pushes space along one direction, across one plane, and can be undone.

.. math:: z_0 = \mu + \sigma \odot \epsilon, \qquad z_l = z_{l-1} + \hat u_l \tanh(s_l), \quad s_l = w_l^\top z_{l-1} + b_l, \qquad
          \log q(z_L) = \log N(z_0; \mu, \sigma^2) - \sum_l \log\big(1 + c_l (1 - \tanh^2 s_l)\big), \quad c_l = w_l^\top \hat u_l

The density of a *given* z needs the way back. Multiply a layer by w: :math:`w^\top z_l + b = s + c \tanh s`, one equation in one number,
increasing in s exactly if :math:`c \ge -1`. Its root is found without a graph; one step of Newton from the root, with a graph, has the
derivatives of the inverse function. Only with that does "sticking the landing" mean anything for this family.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import softplus

from course_vi.distributions.density import Printed, broadcast
from course_vi.distributions.normal import DiagonalNormal

__all__ = ["PlanarNormal", "planar_root"]


MARGIN = 1e-3  # w'u stays this far above -1, so that the way back has a finite slope in single precision too


def planar_root(y: Tensor, c: Tensor, iterations: int = 24) -> Tensor:
    r"""The root s of :math:`s + c \tanh s = y` for :math:`c > -1`, elementwise, differentiable in y and c.

    Newton's steps inside a shrinking bracket, halved where a step would leave it, without a graph; then one more step with it,

    .. math:: s = s_0 - \frac{s_0 + c \tanh s_0 - y}{1 + c (1 - \tanh^2 s_0)}, \qquad s_0 \text{ constant},

    whose first derivatives are those of the inverse function (second derivatives are not).

    >>> s = planar_root(torch.tensor([0.0, 2.0]), torch.tensor(0.5))
    >>> torch.allclose(s + 0.5 * s.tanh(), torch.tensor([0.0, 2.0]))
    True
    """
    with torch.no_grad():
        low, high = y - c.abs(), y + c.abs()
        s = y / (1 + c).clamp_min(1.0)
        for _ in range(iterations):
            t = s.tanh()
            error = s + c * t - y
            low, high = torch.where(error < 0, s, low), torch.where(error > 0, s, high)
            newton = s - error / (1 + c * (1 - t.square()))
            s = torch.where((newton >= low) & (newton <= high), newton, (low + high) / 2)
    s = s.detach()
    t = s.tanh()
    return s - (s + c * t - y) / (1 + c * (1 - t.square()))


class PlanarNormal(Printed):
    """The density of a planar flow; see the head of this file.

    Args:
        loc, log_scale: of z_0, ``(*B, D)``.
        shift, normal, offset: u ``(*B, L, D)``, w ``(*B, L, D)`` and b ``(*B, L)``, layer after layer.
    """

    def __init__(
        self, loc: Tensor, log_scale: Tensor, shift: Tensor, normal: Tensor, offset: Tensor
    ) -> None:
        self.base, self.shift, self.normal, self.offset = (
            DiagonalNormal(loc, log_scale),
            shift,
            normal,
            offset,
        )
        self.batch_shape = broadcast(
            self.base.batch_shape, shift.shape[:-2], normal.shape[:-2], offset.shape[:-1]
        )
        self.noise_dim, self.event_shape = loc.shape[-1], loc.shape[-1:]
        along = (normal * shift).sum(-1)
        self.c = MARGIN - 1 + softplus(along + math.log(math.expm1(1 - MARGIN)))  # 0 where w'u = 0
        squared = normal.square().sum(-1).clamp_min(torch.finfo(loc.dtype).tiny)
        self.u = shift + ((self.c - along) / squared).unsqueeze(-1) * normal

    def _layers(self) -> list[tuple[Tensor, Tensor, Tensor, Tensor]]:
        return list(
            zip(
                self.u.unbind(-2),
                self.normal.unbind(-2),
                self.offset.unbind(-1),
                self.c.unbind(-1),
                strict=True,
            )
        )

    def transport(self, eps: Tensor) -> Tensor:
        """z, ``(K, *B, D)``, from noise of the same shape."""
        z = self.base.transport(eps)
        for u, w, b, _ in self._layers():
            z = z + u * ((w * z).sum(-1) + b).tanh().unsqueeze(-1)
        return z

    def log_prob(self, z: Tensor) -> Tensor:
        log_det = torch.zeros((), dtype=z.dtype, device=z.device)
        for u, w, b, c in reversed(self._layers()):
            t = planar_root((w * z).sum(-1) + b, c).tanh()
            z = z - u * t.unsqueeze(-1)
            log_det = log_det + (c * (1 - t.square())).log1p()
        return self.base.log_prob(z) - log_det

    def detach(self) -> PlanarNormal:
        return PlanarNormal(
            self.base.loc.detach(),
            self.base.log_scale.detach(),
            self.shift.detach(),
            self.normal.detach(),
            self.offset.detach(),
        )
