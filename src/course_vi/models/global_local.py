r"""Latents shared by all the data and latents of each datum, in one model.

.. math:: p(x_{1..N}, z_{1..N}, g) = p(g) \prod_{n=1}^N p(x_n, z_n \mid g)

Its ELBO is a sum over the data once the shared term is dealt out in N equal parts, so a minibatch needs no scale:

.. math:: L = \sum_n L_n, \qquad L_n = \mathbb E_q\Big[\log \frac{p(x_n, z_n \mid g)}{q(z_n \mid x_n, g)}
              + \frac1N \log \frac{p(g)}{q(g)}\Big]
"""

from __future__ import annotations

from torch import Tensor

from course_vi import validate
from course_vi.models.base import Model

__all__ = ["GlobalLocalModel"]


class GlobalLocalModel(Model):
    r"""A model with global latents g and local latents z_n; subclasses give ``log_global`` and ``log_local``.

    The event of a datum is ``(g, z_n)``, side by side; ``families.GlobalLocal`` draws one g for all rows of a batch. The factors of row
    n are its own and an N-th of the shared one, so ``log_joint(x, z)`` is ``(K, B)``, and its sum over *all* rows, at one g, is the
    joint of the data set. ``fit`` averages rows: its bound is L/N, and a minibatch estimates it without bias.

    Only linear bounds are bounds of such rows, and only path gradients see that g is shared: everything else is refused.

    Args:
        global_dim, local_dim, data_dim: sizes of g, z_n and x_n.
        num_data: N.

    Source: Hoffman, Blei, Wang and Paisley, "Stochastic variational inference", JMLR 2013.

    >>> import torch
    >>> from torch.distributions import Normal
    >>> class Effects(GlobalLocalModel):                       # a mean for all, an effect for each, a measurement of each
    ...     def log_global(self, g):
    ...         return Normal(0.0, 10.0).log_prob(g).sum(-1)
    ...     def log_local(self, x, g, z):
    ...         return (Normal(g, 1.0).log_prob(z) + Normal(z, 0.5).log_prob(x)).sum(-1)
    >>> Effects(1, 1, 1, num_data=50).log_joint(torch.zeros(4, 1), torch.zeros(7, 4, 2)).shape
    torch.Size([7, 4])
    """

    shown = ("num_data",)

    def __init__(self, global_dim: int, local_dim: int, data_dim: int, num_data: int) -> None:
        super().__init__()
        for name, value in (
            ("global_dim", global_dim),
            ("local_dim", local_dim),
            ("data_dim", data_dim),
            ("num_data", num_data),
        ):
            validate.positive_integer(name, value)
        self.global_dim, self.local_dim, self.data_dim = global_dim, local_dim, data_dim
        self.latent_dim, self.num_data = global_dim + local_dim, num_data

    def log_global(self, g: Tensor) -> Tensor:
        """log p(g), ``(*B)`` for ``(*B, global_dim)``."""
        raise NotImplementedError(f"{type(self).__name__} does not give log_global(g)")

    def log_local(self, x: Tensor, g: Tensor, z: Tensor) -> Tensor:
        """log p(x_n, z_n | g), ``(K, *B)`` for x ``(*B, data_dim)``, g ``(K, *B, global_dim)`` and z ``(K, *B, local_dim)``."""
        raise NotImplementedError(f"{type(self).__name__} does not give log_local(x, g, z)")

    def likelihood_scale(self, x: Tensor) -> float:
        """N: an N-th of the shared factor stands in each row, and a bound that is not linear may not be taken of such rows."""
        return float(self.num_data or 1)

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        g, own = z[..., : self.global_dim], z[..., self.global_dim :]
        return {
            "global": self.log_global(g) / float(self.num_data or 1),
            "local": self.log_local(x, g, own),
        }
