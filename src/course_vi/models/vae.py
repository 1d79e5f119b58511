r"""A small variational autoencoder: the generative half. The recognition half is a family (``families.Amortized``)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Bernoulli, Independent

from course_vi.distributions import DiagonalNormal
from course_vi.models.base import Model
from course_vi.nets import mlp

__all__ = ["VAE"]


class VAE(Model):
    r"""A deep latent Gaussian model of binary images.

    .. math:: z \sim N(0, I_D), \qquad x_i \mid z \sim \mathrm{Bernoulli}(\mathrm{sigmoid}(f_\theta(z)_i)).

    Args:
        latent_dim: D.
        data_dim: Dx, the number of pixels.
        hidden: units of the decoder's hidden layer.
        generator: draws the initial weights.

    Source: Kingma and Welling, "Auto-encoding variational Bayes", ICLR 2014.

    >>> model = VAE(latent_dim=8, data_dim=64)
    >>> model.log_joint(torch.ones(10, 64), torch.zeros(3, 10, 8)).shape
    torch.Size([3, 10])
    """

    def __init__(self, latent_dim: int = 8, data_dim: int = 64, hidden: int = 200, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.latent_dim, self.data_dim = latent_dim, data_dim
        self.decoder = mlp(latent_dim, hidden, data_dim, generator)

    def _like(self) -> Tensor:
        """Any parameter ``(hidden, D)``: its device and dtype are those of the samples."""
        return next(self.decoder.parameters())

    def prior(self) -> DiagonalNormal:
        zeros = torch.zeros_like(self._like()[0])
        return DiagonalNormal(zeros, zeros)

    def likelihood(self, z: Tensor) -> Independent:
        return Independent(Bernoulli(logits=self.decoder(z), validate_args=False), 1, validate_args=False)

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        logits = self.decoder(z)
        cross_entropy = F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none")
        return {"prior": self.prior().log_prob(z), "likelihood": -cross_entropy.sum(-1)}

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        like = self._like()
        z = torch.randn(n, self.latent_dim, generator=generator, dtype=like.dtype, device=like.device)
        with torch.no_grad():
            return torch.bernoulli(self.decoder(z).sigmoid(), generator=generator), z
