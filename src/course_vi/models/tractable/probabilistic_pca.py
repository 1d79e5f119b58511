r"""Probabilistic PCA: the linear Gaussian model with local latents, and with every answer in closed form."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from course_vi import validate
from course_vi.distributions import CholeskyNormal, DiagonalNormal, FactorNormal
from course_vi.models.base import Model

__all__ = ["ProbabilisticPCA"]


class ProbabilisticPCA(Model):
    r"""A linear VAE: the image is a linear map of the latent, plus noise.

    .. math:: z \sim N(0, I_D), \quad x \mid z \sim N(W z + \mu, \sigma^2 I) \quad\Rightarrow\quad x \sim N(\mu, W W^\top + \sigma^2 I),
              \quad z \mid x \sim N(M^{-1} W^\top (x - \mu), \sigma^2 M^{-1}), \quad M = W^\top W + \sigma^2 I.

    Args:
        loadings: W, ``(Dx, D)``.
        loc: :math:`\mu`, ``(Dx,)``.
        noise_scale: :math:`\sigma`.

    Source: Tipping and Bishop, "Probabilistic principal component analysis", JRSS B 1999.

    >>> model = ProbabilisticPCA(torch.ones(1, 1), torch.zeros(1))     # the conjugate toy
    >>> model.posterior(torch.tensor([2.0])).mean
    tensor([1.], grad_fn=<ExpandBackward0>)
    """

    def __init__(self, loadings: Tensor, loc: Tensor, noise_scale: float = 1.0) -> None:
        super().__init__()
        validate.floats(loadings=loadings, loc=loc)
        if loadings.dim() != 2 or loc.shape != loadings.shape[:1]:
            raise ValueError(
                f"loadings and loc have shapes {tuple(loadings.shape)} and {tuple(loc.shape)}; expected (Dx, D) and (Dx,)"
            )
        if not noise_scale > 0:
            raise ValueError(f"noise_scale is {noise_scale}; expected a positive number")
        self.data_dim, self.latent_dim = loadings.shape
        self.loadings, self.loc = nn.Parameter(loadings.clone()), nn.Parameter(loc.clone())
        self.log_noise_scale = nn.Parameter(
            torch.tensor(math.log(noise_scale), dtype=loc.dtype, device=loc.device)
        )

    @classmethod
    def maximum_likelihood(cls, x: Tensor, latent_dim: int) -> ProbabilisticPCA:
        r"""The maximum of the likelihood of rows ``x: (N, Dx)`` in closed form.

        With eigenvalues :math:`\lambda` and eigenvectors U of the covariance (divided by N): :math:`\sigma^2` is the mean of the
        eigenvalues left out, and :math:`W = U_D (\Lambda_D - \sigma^2 I)^{1/2}` (times any rotation).
        """
        validate.positive_integer("latent_dim", latent_dim)
        if x.dim() != 2 or not latent_dim < x.shape[-1] or len(x) < 2:
            raise ValueError(
                f"x has shape {tuple(x.shape)}; expected (N, Dx) with N > 1 and Dx > latent_dim = {latent_dim}"
            )
        validate.finite("x", x)
        loc = x.mean(0)
        values, vectors = torch.linalg.eigh((x - loc).mT @ (x - loc) / len(x))
        noise = values[:-latent_dim].mean()
        loadings = vectors[:, -latent_dim:] * (values[-latent_dim:] - noise).clamp_min(0).sqrt()
        return cls(loadings.flip(-1), loc, noise.sqrt().item())

    def prior(self) -> DiagonalNormal:
        zeros = torch.zeros_like(self.loadings[0])
        return DiagonalNormal(zeros, zeros)

    def likelihood(self, z: Tensor) -> DiagonalNormal:
        return DiagonalNormal(
            z @ self.loadings.mT + self.loc, self.log_noise_scale.expand(self.data_dim)
        )

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        like = self.loc.detach()
        z, noise = (
            torch.randn(n, size, generator=generator, dtype=like.dtype, device=like.device)
            for size in (self.latent_dim, self.data_dim)
        )
        with torch.no_grad():
            return z @ self.loadings.mT + self.loc + self.log_noise_scale.exp() * noise, z

    def log_evidence(self, x: Tensor) -> Tensor:
        validate.event_size("x", x, self.data_dim)
        validate.finite("x", x)
        return FactorNormal(
            self.loc, self.log_noise_scale.expand(self.data_dim), self.loadings
        ).log_prob(x)

    def posterior(self, x: Tensor) -> CholeskyNormal:
        variance = (2 * self.log_noise_scale).exp()
        identity = torch.eye(self.latent_dim, dtype=self.loc.dtype, device=self.loc.device)
        root = torch.linalg.cholesky(self.loadings.mT @ self.loadings + variance * identity)
        mean = torch.cholesky_solve(((x - self.loc) @ self.loadings).unsqueeze(-1), root).squeeze(
            -1
        )
        return CholeskyNormal(mean, torch.linalg.cholesky(variance * torch.cholesky_inverse(root)))
