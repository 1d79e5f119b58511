r"""Two linear Gaussian models with every answer in closed form: regression (global latents) and probabilistic PCA (local ones)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from course_vi import validate
from course_vi.distributions import CholeskyNormal, DiagonalNormal
from course_vi.models.base import Model

__all__ = ["BayesianLinearRegression", "linear_posterior"]


def linear_posterior(
    design: Tensor, targets: Tensor, prior_precision: Tensor, noise_precision: Tensor
) -> CholeskyNormal:
    r"""The posterior of the weights of a Gaussian linear model, :math:`y = A z + \epsilon`, through its D x D precision.

    .. math:: \Lambda = \mathrm{diag}(\lambda) + \beta A^\top A, \qquad z \mid y \sim N(\beta \Lambda^{-1} A^\top y,\; \Lambda^{-1})

    Args:
        design: A, ``(N, D)``.
        targets: y, ``(N,)``.
        prior_precision: :math:`\lambda`, ``(D,)``; the prior mean is zero.
        noise_precision: :math:`\beta`, a number.

    Raises:
        ValueError: the precision is singular in the digits of its dtype.

    >>> one = torch.ones(1)
    >>> linear_posterior(one.unsqueeze(0), 2 * one, one, torch.tensor(1.0)).loc      # the toy: x / 2
    tensor([1.])
    """
    root = _root(torch.diag(prior_precision) + noise_precision * design.mT @ design)
    loc = torch.cholesky_solve((noise_precision * design.mT @ targets).unsqueeze(-1), root).squeeze(
        -1
    )
    return CholeskyNormal(loc, _root(torch.cholesky_inverse(root)))


def _root(matrix: Tensor) -> Tensor:
    root: Tensor
    root, failed = torch.linalg.cholesky_ex(matrix)
    if root.device.type != "meta" and bool(failed.any()):
        raise ValueError(
            f"x has columns that {str(matrix.dtype).removeprefix('torch.')} cannot tell apart at this prior_scale: the precision "
            "is not positive definite; expected columns of similar size, a smaller prior_scale, or model.double() and x.double()"
        )
    return root


class BayesianLinearRegression(Model):
    r"""One weight vector shared by all the data.

    .. math:: z \sim N(0, \tau^2 I_D), \qquad y_n \mid z \sim N(f_n^\top z, \sigma^2), \qquad
              z \mid x \sim N(\Lambda^{-1} F^\top y / \sigma^2, \Lambda^{-1}), \quad \Lambda = I / \tau^2 + F^\top F / \sigma^2.

    A datum is a row ``x[n] = (f_n, y_n)``: D features, then the target. The latents are **global**: ``z: (K, *B, D)``, where B
    counts replicates, and the likelihood sums over the rows. :math:`\tau` and :math:`\sigma` are learned as logarithms (ML-II).

    Args:
        dim: D, the number of features (an intercept is a feature that is always one).
        prior_scale, noise_scale: :math:`\tau` and :math:`\sigma`, standard deviations.
        num_data: N, if x will be a *minibatch*; see ``BayesianLogisticRegression``.

    >>> model = BayesianLinearRegression(dim=1)
    >>> x = torch.tensor([[1.0, 2.0]])                                # the conjugate toy: one row, feature 1, target 2
    >>> model.posterior(x).mean, model.posterior(x).covariance_matrix
    (tensor([1.], grad_fn=<ExpandBackward0>), tensor([[0.5000]], grad_fn=<MmBackward0>))
    """

    local = False

    def __init__(
        self,
        dim: int,
        prior_scale: float = 1.0,
        noise_scale: float = 1.0,
        num_data: int | None = None,
    ) -> None:
        super().__init__()
        validate.positive_integer("dim", dim)
        for name, value in (("prior_scale", prior_scale), ("noise_scale", noise_scale)):
            if not value > 0:
                raise ValueError(f"{name} is {value}; expected a positive number")
        self.latent_dim, self.data_dim, self.num_data = dim, dim + 1, num_data
        self.log_prior_scale = nn.Parameter(torch.tensor(math.log(prior_scale)))
        self.log_noise_scale = nn.Parameter(torch.tensor(math.log(noise_scale)))

    def prior(self) -> DiagonalNormal:
        return DiagonalNormal(
            torch.zeros_like(self.log_prior_scale).expand(self.latent_dim),
            self.log_prior_scale.expand(self.latent_dim),
        )

    def likelihood_scale(self, x: Tensor) -> float:
        return 1.0 if self.num_data is None else self.num_data / x.shape[0]

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        features, targets = self._rows(x)
        residual = DiagonalNormal(z @ features.mT, self.log_noise_scale.expand(len(x)))
        return {
            "prior": self.prior().log_prob(z),
            "likelihood": self.likelihood_scale(x) * residual.log_prob(targets),
        }

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """One weight vector, and n rows with standard normal features (an intercept first)."""
        like = self.log_prior_scale.detach()
        z, features, noise = (
            torch.randn(shape, generator=generator, dtype=like.dtype, device=like.device)
            for shape in ((self.latent_dim,), (n, self.latent_dim), (n,))
        )
        features[:, 0] = 1.0
        with torch.no_grad():
            z = self.log_prior_scale.exp() * z
            targets = features @ z + self.log_noise_scale.exp() * noise
        return torch.cat([features, targets.unsqueeze(-1)], -1), z

    def posterior(self, x: Tensor) -> CholeskyNormal:
        """p(z | x), with the rows of x all the data there is."""
        features, targets = self._rows(x)
        validate.finite("x", x)
        self._refuse_minibatch(x)
        prior_precision = (-2 * self.log_prior_scale).exp().expand(self.latent_dim)
        return linear_posterior(
            features, targets, prior_precision, (-2 * self.log_noise_scale).exp()
        )

    def log_evidence(self, x: Tensor) -> Tensor:
        """log p(y | F), a number, by Bayes' rule at the posterior mean: no N x N matrix."""
        posterior = self.posterior(x)
        return self.log_joint(x, posterior.loc) - posterior.log_prob(posterior.loc)

    def _rows(self, x: Tensor) -> tuple[Tensor, Tensor]:
        validate.event_size("x", x, self.data_dim)
        if x.dim() != 2 or x.shape[0] == 0:
            raise ValueError(
                f"x has shape {tuple(x.shape)}; expected (N, {self.data_dim}) with at least one row"
            )
        return x[:, :-1], x[:, -1]

    def _refuse_minibatch(self, x: Tensor) -> None:
        if self.likelihood_scale(x) != 1.0:
            raise ValueError(
                f"x has {len(x)} rows of num_data = {self.num_data}; expected all of them for an exact answer"
            )
