r"""A family over latents of two kinds: one g for all the data, and z_n for each datum.

.. math:: q(g, z_{1..N} \mid x_{1..N}) = q(g) \prod_n q(z_n \mid x_n, g)
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Size, Tensor

from course_vi import validate
from course_vi.distributions import Printed, Reparametrized
from course_vi.families.base import Family
from course_vi.nets import join

__all__ = ["GlobalLocal"]


class _GlobalLocalDensity(Printed):
    """Rows ``(g, z_n)``: log q(z_n | x_n, g) and an N-th of log q(g)."""

    def __init__(self, q: GlobalLocal, x: Tensor) -> None:
        self.q, self.x, self.batch_shape, self.event_shape = q, x, x.shape[:-1], Size([q.dim])

    def _own(self, g: Tensor) -> Reparametrized:
        context = join(self.x, g) if self.q.reads_globals else self.x
        return cast(Reparametrized, self.q.each.distribution(context))

    def transport(self, eps: Tensor) -> Tensor:
        first = eps[:, :1, : self.q.whole.noise_dim].squeeze(1)  # one g for all rows
        g = self.q.whole.transport(first).unsqueeze(1).expand(*eps.shape[:-1], -1)
        z = self._own(g).transport(eps[..., self.q.whole.noise_dim :])
        return torch.cat([g, z], -1)

    def log_prob(self, z: Tensor) -> Tensor:
        g, own = z[..., : self.q.whole.dim], z[..., self.q.whole.dim :]
        return self._own(g).log_prob(own) + self.q.whole(None, g) / self.q.num_data


class GlobalLocal(Family):
    r"""q(g) times q(z_n | x_n) or q(z_n | x_n, g), for a ``GlobalLocalModel``: all rows of a batch see the same g.

    ``log_prob`` is an N-th of log q(g) in each row, as the model's is: its sum over all N rows is log q of everything. Path gradients
    only (``reparametrized``, ``sticking_the_landing``, ``doubly_reparametrized``) and linear bounds: a score function would credit g
    with one row's reward, and refuses.

    Args:
        whole: q(g), a reparametrizable family without amortization, such as ``FullRank`` or a ``Transformed`` one.
        each: q(z_n | .), an amortized family that reads ``x_n``, or ``(x_n, g)`` side by side.
        num_data: N.
        reads_globals: whether ``each`` reads g too. Without it z_n and g are independent given the data, and q(g) is too narrow.

    Raises:
        TypeError: a family without z = t(eps).
        ValueError (when called): x is not ``(B, Dx)``.

    >>> from course_vi.families import Amortized, FullRank, MeanField
    >>> from course_vi.nets import mlp
    >>> q = GlobalLocal(FullRank(2), Amortized(MeanField(1), mlp(3 + 2, 8, 2)), num_data=50)
    >>> z = q.sample(4, torch.zeros(10, 3))
    >>> z.shape, bool((z[:, :, :2] == z[:, :1, :2]).all())
    (torch.Size([4, 10, 3]), True)
    """

    shares_latents = True

    def __init__(
        self, whole: Family, each: Family, num_data: int, reads_globals: bool = True
    ) -> None:
        super().__init__()
        validate.positive_integer("num_data", num_data)
        for name, family in (("whole", whole), ("each", each)):
            if not family.reparametrized or not family.noise_dim:
                raise TypeError(
                    f"{name} is a {type(family).__name__}, which has no z = t(eps): expected a reparametrizable family"
                )
        self.whole, self.each, self.num_data = whole, each, num_data
        self.reads_globals = reads_globals
        self.dim, self.noise_dim = whole.dim + each.dim, whole.noise_dim + each.noise_dim

    def distribution(self, x: Tensor | None = None) -> _GlobalLocalDensity:
        if x is None or x.dim() != 2:
            shape = "None" if x is None else f"of shape {tuple(x.shape)}"
            raise ValueError(f"x is {shape}; expected a batch of data, (B, Dx)")
        return _GlobalLocalDensity(self, x)

    def extra_repr(self) -> str:
        return (
            f"{super().extra_repr()}, num_data={self.num_data}, reads_globals={self.reads_globals}"
        )
