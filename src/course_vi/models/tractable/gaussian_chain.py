r"""Two latents in a row: the smallest model with two stochastic layers, and with every answer in closed form."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from course_vi.distributions import CholeskyNormal, DiagonalNormal
from course_vi.models.base import Model

__all__ = ["GaussianChain"]


class GaussianChain(Model):
    r"""Two stochastic layers with exact answers: :math:`z_2 \to z_1 \to x`, every arrow a unit normal.

    .. math:: z_2 \sim N(0, 1), \quad z_1 \mid z_2 \sim N(z_2, 1), \quad x \mid z_1 \sim N(z_1, 1)

    so that the posterior factorizes upwards, the way an encoder does:

    .. math:: z_1 \mid x \sim N(\tfrac23 x, \tfrac23), \qquad z_2 \mid z_1 \sim N(\tfrac12 z_1, \tfrac12), \qquad x \sim N(0, 3).

    The event is ``z = (z_1, z_2)``, in the order in which an encoder draws them.
    """

    latent_dim, data_dim = 2, 1

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        z1, z2 = z[..., :1], z[..., 1:]
        zeros = torch.zeros_like(z2)
        return {
            "top": DiagonalNormal(zeros, zeros).log_prob(z2),
            "middle": DiagonalNormal(z2, zeros).log_prob(z1),
            "likelihood": DiagonalNormal(z1, zeros).log_prob(x),
        }

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        noise = torch.randn(
            n, 3, generator=generator, dtype=self.unit.dtype, device=self.unit.device
        )
        steps = noise.cumsum(-1)  # z2, z1, x
        return steps[:, 2:], steps[:, [1, 0]]

    def log_evidence(self, x: Tensor) -> Tensor:
        return DiagonalNormal(torch.zeros_like(x), torch.full_like(x, 0.5 * math.log(3))).log_prob(
            x
        )

    def posterior(self, x: Tensor) -> CholeskyNormal:
        """N([2x/3, x/3], [[2/3, 1/3], [1/3, 2/3]])."""
        covariance = torch.tensor([[2.0, 1.0], [1.0, 2.0]], dtype=x.dtype, device=x.device) / 3
        return CholeskyNormal(torch.cat([2 * x / 3, x / 3], -1), torch.linalg.cholesky(covariance))
