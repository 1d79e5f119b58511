r"""The smallest models whose right answers we always know."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from course_vi import validate
from course_vi.distributions import DiagonalNormal
from course_vi.models.base import Model

__all__ = ["ConjugateToy"]


class ConjugateToy(Model):
    r"""The conjugate toy, the thread through the whole course.

    .. math:: z \sim N(0, I), \quad x \mid z \sim N(z, I) \quad\Rightarrow\quad
              z \mid x \sim N(x/2, \tfrac12 I), \quad x \sim N(0, 2I).

    Args:
        dim: D = Dx, one by default. Coordinates are independent.

    >>> toy = ConjugateToy()
    >>> x = torch.tensor([2.0])
    >>> toy.posterior(x).mean, toy.posterior(x).variance
    (tensor([1.]), tensor([0.5000]))
    >>> z = torch.randn(5, 1)
    >>> bayes = toy.log_joint(x, z) - toy.posterior(x).log_prob(z)      # Bayes' rule: the same number for every z
    >>> torch.allclose(bayes, toy.log_evidence(x).expand(5))
    True
    """

    def __init__(self, dim: int = 1) -> None:
        super().__init__()
        validate.positive_integer("dim", dim)
        self.latent_dim = self.data_dim = dim

    def prior(self) -> DiagonalNormal:
        zeros = self.unit.new_zeros(self.latent_dim)
        return DiagonalNormal(zeros, zeros)

    def likelihood(self, z: Tensor) -> DiagonalNormal:
        return DiagonalNormal(
            z, torch.zeros((), dtype=z.dtype, device=z.device).expand(z.shape[-1])
        )

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        zeros = torch.zeros_like(z)
        return {
            "prior": DiagonalNormal(zeros, zeros).log_prob(z),
            "likelihood": self.likelihood(z).log_prob(x),
        }

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        z, noise = (
            torch.randn(
                n,
                self.latent_dim,
                generator=generator,
                dtype=self.unit.dtype,
                device=self.unit.device,
            )
            for _ in range(2)
        )
        return z + noise, z

    def log_evidence(self, x: Tensor) -> Tensor:
        return DiagonalNormal(torch.zeros_like(x), torch.full_like(x, 0.5 * math.log(2))).log_prob(
            x
        )

    def posterior(self, x: Tensor) -> DiagonalNormal:
        return DiagonalNormal(x / 2, torch.full_like(x, -0.5 * math.log(2)))
