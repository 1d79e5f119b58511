r"""Bayesian logistic regression: global latents, real data, no closed form."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from course_vi import validate
from course_vi.distributions import DiagonalNormal
from course_vi.models.base import Model

__all__ = ["BayesianLogisticRegression"]


class BayesianLogisticRegression(Model):
    r"""One weight vector shared by all the data.

    .. math:: z \sim N(0, \tau^2 I_D), \qquad y_n \mid z \sim \mathrm{Bernoulli}(\mathrm{sigmoid}(f_n^\top z)), \quad n = 1, \dots, N.

    A datum is a row ``x[n] = (f_n, y_n)``: D features, then the label. The latents are **global**: ``z: (K, *B, D)``, where B
    counts replicates, and the likelihood sums over the rows.

    Args:
        dim: D, the number of features (an intercept is a feature that is always one).
        prior_scale: :math:`\tau`, the standard deviation of the prior.
        num_data: N, if x will be a *minibatch*. Its log-likelihood is then multiplied by N / (rows of x), which keeps the joint
            unbiased. Only the ELBO survives such a scale; every other bound refuses it.

    >>> model = BayesianLogisticRegression(dim=2)
    >>> x = torch.tensor([[1.0, 0.5, 1.0], [1.0, -2.0, 0.0]])      # two rows: intercept, feature, label
    >>> model.log_joint(x, torch.zeros(7, 2)).shape
    torch.Size([7])
    """

    local = False

    def __init__(self, dim: int, prior_scale: float = 1.0, num_data: int | None = None) -> None:
        super().__init__()
        validate.positive_integer("dim", dim)
        if not prior_scale > 0:
            raise ValueError(f"prior_scale is {prior_scale}; expected a positive number")
        self.latent_dim, self.data_dim, self.prior_scale, self.num_data = (
            dim,
            dim + 1,
            prior_scale,
            num_data,
        )

    def prior(self) -> DiagonalNormal:
        zeros = self.unit.new_zeros(self.latent_dim)
        return DiagonalNormal(zeros, torch.full_like(zeros, math.log(self.prior_scale)))

    def likelihood_scale(self, x: Tensor) -> float:
        return 1.0 if self.num_data is None else self.num_data / x.shape[0]

    def check(self, x: Tensor) -> None:
        """Refuse labels other than 0 and 1, and what every model refuses."""
        super().check(x)
        validate.bits("x[:, -1], the labels,", x[..., -1])

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        if x.dim() != 2 or x.shape[0] == 0:
            raise ValueError(
                f"x has shape {tuple(x.shape)}; expected (N, {self.data_dim}) with at least one row"
            )
        features, labels = x[:, :-1], x[:, -1]
        logits = z @ features.mT  # (K, *B, N)
        log_prior = (
            -0.5 * (z / self.prior_scale).square()
            - 0.5 * math.log(2 * math.pi * self.prior_scale**2)
        ).sum(-1)
        log_likelihood = F.logsigmoid((2 * labels - 1) * logits).sum(-1)
        return {"prior": log_prior, "likelihood": self.likelihood_scale(x) * log_likelihood}

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """One weight vector, and n rows with standard normal features (an intercept first)."""
        z = self.prior().rsample(generator=generator)
        features = torch.randn(
            n, self.latent_dim, generator=generator, dtype=z.dtype, device=z.device
        )
        features[:, 0] = 1.0
        labels = torch.bernoulli((features @ z).sigmoid(), generator=generator)
        return torch.cat([features, labels.unsqueeze(-1)], -1), z
