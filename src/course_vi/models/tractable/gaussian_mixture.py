r"""The mixture of Gaussians: one discrete latent per datum, summed out exactly."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from course_vi import validate
from course_vi.distributions import CholeskyNormal, DiscreteChain
from course_vi.models.base import Model

__all__ = ["GaussianMixture"]


class GaussianMixture(Model):
    r"""Which of C clusters? Then a normal of that cluster.

    .. math:: z \sim \mathrm{Categorical}(\pi), \qquad x \mid z = c \sim N(\mu_c, \Sigma_c), \qquad
              \log p(x) = \log \sum_c \pi_c N(x; \mu_c, \Sigma_c).

    The latent is a whole number from 0 to C - 1, stored as an event of size 1, ``z: (K, *B, 1)``.

    Args:
        weights: :math:`\pi`, ``(C,)``, positive, summing to one. Learned as logits.
        locs: :math:`\mu`, ``(C, Dx)``.
        covariances: :math:`\Sigma`, ``(C, Dx, Dx)``, positive definite. Learned through roots, Sigma = root root'.

    >>> mixture = GaussianMixture(torch.tensor([0.5, 0.5]), torch.tensor([[-1.0], [1.0]]), torch.ones(2, 1, 1))
    >>> round(mixture.responsibilities(torch.tensor([0.5]))[1].item(), 4)        # sigmoid(2 x)
    0.7311
    """

    latent_dim = 1

    def __init__(self, weights: Tensor, locs: Tensor, covariances: Tensor) -> None:
        super().__init__()
        validate.floats(weights=weights, locs=locs, covariances=covariances)
        if (
            locs.dim() != 2
            or covariances.shape != (*locs.shape, locs.shape[-1])
            or weights.shape != locs.shape[:1]
        ):
            raise ValueError(
                f"weights, locs and covariances have shapes {tuple(weights.shape)}, {tuple(locs.shape)} and "
                f"{tuple(covariances.shape)}; expected (C,), (C, Dx) and (C, Dx, Dx)"
            )
        if not bool((weights > 0).all()) or abs(weights.sum().item() - 1) > 1e-5:
            raise ValueError(
                "weights are no probabilities; expected positive numbers that sum to one"
            )
        roots, failed = torch.linalg.cholesky_ex(covariances)
        if bool(failed.any()):
            raise ValueError("covariances has a matrix that is not positive definite")
        self.clusters, self.data_dim = locs.shape
        self.logits, self.locs, self.roots = (
            nn.Parameter(weights.log()),
            nn.Parameter(locs.clone()),
            nn.Parameter(roots.clone()),
        )

    def prior(self) -> DiscreteChain:
        return self._choice(self.logits)

    def likelihood(self, z: Tensor) -> CholeskyNormal:
        index = self._label(z)
        return CholeskyNormal(self.locs[index], self._scale_tril()[index])

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        index = self._label(z)
        every = self._log_densities(x)
        likelihood = (
            every.expand(*index.shape, self.clusters).gather(-1, index.unsqueeze(-1)).squeeze(-1)
        )
        return {"prior": self.logits.log_softmax(-1)[index], "likelihood": likelihood}

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            label = torch.multinomial(
                self.logits.softmax(-1), n, replacement=True, generator=generator
            )
            noise = torch.randn(
                n,
                self.data_dim,
                generator=generator,
                dtype=self.locs.dtype,
                device=self.locs.device,
            )
            x = self.locs[label] + (self.roots[label] @ noise.unsqueeze(-1)).squeeze(-1)
            return x, label.unsqueeze(-1).to(x.dtype)

    def log_joint_all(self, x: Tensor) -> Tensor:
        """log p(x, z = c) for every cluster at once, ``(*B, C)``."""
        validate.event_size("x", x, self.data_dim)
        validate.finite("x", x)
        return self._log_densities(x) + self.logits.log_softmax(-1)

    def log_evidence(self, x: Tensor) -> Tensor:
        return self.log_joint_all(x).logsumexp(-1)

    def responsibilities(self, x: Tensor) -> Tensor:
        """p(z = c | x), ``(*B, C)``: how much of each datum each cluster explains."""
        return self.log_joint_all(x).softmax(-1)

    def posterior(self, x: Tensor) -> DiscreteChain:
        return self._choice(self.log_joint_all(x))

    def _scale_tril(self) -> Tensor:
        return torch.linalg.cholesky(self.roots @ self.roots.mT)

    def _log_densities(self, x: Tensor) -> Tensor:
        return CholeskyNormal(self.locs, self._scale_tril()).log_prob(x.unsqueeze(-2))

    def _label(self, z: Tensor) -> Tensor:
        return validate.indices("z", z[..., 0], self.clusters)

    def _choice(self, logits: Tensor) -> DiscreteChain:
        """A categorical as an event of size 1: a chain of a single step."""
        return DiscreteChain(
            logits, logits.new_zeros(*logits.shape[:-1], 0, self.clusters, self.clusters)
        )
