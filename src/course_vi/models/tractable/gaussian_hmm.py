r"""Hidden Markov models with real measurements: one number at a time, or a vector."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from course_vi import validate
from course_vi.distributions import CholeskyNormal
from course_vi.models.tractable.hidden_markov_model import HiddenMarkovModel

__all__ = ["GaussianHMM", "MultivariateGaussianHMM"]


class GaussianHMM(HiddenMarkovModel):
    r"""A hidden Markov model with real measurements, :math:`x_t \mid z_t = s \sim N(\mu_s, \sigma_s^2)`.

    Args:
        emission: the means and standard deviations, ``(S, 2)``.
    """

    def _set_emission(self, emission: Tensor) -> None:
        validate.floats(emission=emission)
        if emission.shape != (self.states, 2) or not bool((emission[:, 1] > 0).all()):
            raise ValueError(
                f"emission has shape {tuple(emission.shape)}; expected {(self.states, 2)}: means and positive scales"
            )
        self.loc, self.log_scale = (
            nn.Parameter(emission[:, 0].clone()),
            nn.Parameter(emission[:, 1].log()),
        )

    def check_measurements(self, x: Tensor) -> None:
        """Any number may be emitted."""

    def emission_log_prob(self, x: Tensor) -> Tensor:
        return torch.distributions.Normal(
            self.loc, self.log_scale.exp(), validate_args=False
        ).log_prob(x.unsqueeze(-1))

    def emit(self, z: Tensor, generator: torch.Generator | None = None) -> Tensor:
        noise = torch.randn(
            z.shape, generator=generator, dtype=self.loc.dtype, device=self.loc.device
        )
        return self.loc[z] + self.log_scale.exp()[z] * noise

    def maximize_emission(self, x: Tensor, weights: Tensor) -> None:
        """The M-step of the emissions, in place: weighted means and variances. Arguments as for ``HiddenMarkovModel``."""
        share = weights / weights.sum((0, 1))
        loc = torch.einsum("nts,nt->s", share, x)
        variance = torch.einsum("nts,nts->s", share, (x.unsqueeze(-1) - loc).square())
        _refuse_collapse(variance, x)
        self.loc.copy_(loc)
        self.log_scale.copy_(0.5 * variance.log())


class MultivariateGaussianHMM(HiddenMarkovModel):
    r"""A hidden Markov model of vectors, :math:`x_t \mid z_t = s \sim N(\mu_s, \Sigma_s)`.

    A datum is one series of T vectors of size p, one after the other: the event of x is ``(T * p,)``.

    Args:
        initial, transition, steps: as for ``HiddenMarkovModel``.
        emission: the means ``(S, p)`` and the covariances ``(S, p, p)``, learned through their Cholesky roots.

    >>> locs, covariances = torch.tensor([[-1.0, 0.0], [1.0, 0.0]]), torch.eye(2).expand(2, 2, 2)
    >>> rows = torch.tensor([[0.9, 0.1], [0.1, 0.9]])
    >>> hmm = MultivariateGaussianHMM(torch.tensor([0.5, 0.5]), rows, (locs, covariances), steps=3)
    >>> hmm.marginals(torch.tensor([-1.0, 0, -1, 0, -1, 0])).states[:, 0]
    tensor([0.9810, 0.9921, 0.9810], grad_fn=<SelectBackward0>)
    """

    def __init__(
        self, initial: Tensor, transition: Tensor, emission: tuple[Tensor, Tensor], steps: int
    ) -> None:
        super().__init__(initial, transition, emission, steps)  # type: ignore[arg-type]
        self.data_dim = steps * self.loc.shape[-1]

    def _set_emission(self, emission: tuple[Tensor, Tensor]) -> None:  # type: ignore[override]
        loc, covariance = emission
        if loc.dim() != 2 or covariance.shape != (self.states, loc.shape[-1], loc.shape[-1]):
            raise ValueError(
                f"emission has shapes {tuple(loc.shape)} and {tuple(covariance.shape)}; expected means ({self.states}, p) and "
                f"covariances ({self.states}, p, p)"
            )
        root, failed = torch.linalg.cholesky_ex(covariance)
        if bool(failed.any()) or not torch.allclose(covariance, covariance.mT):
            raise ValueError(
                f"emission has {int(failed.bool().sum())} covariances that are not positive definite, or not symmetric"
            )
        self.loc, self.root = nn.Parameter(loc.clone()), nn.Parameter(root.clone())

    def check_measurements(self, x: Tensor) -> None:
        """Any vector may be emitted."""

    def emission_log_prob(self, x: Tensor) -> Tensor:
        vectors = x.unflatten(-1, (-1, self.loc.shape[-1])).unsqueeze(-2)  # (*B, T, 1, p)
        root = torch.linalg.cholesky(self.root @ self.root.mT)  # whatever a step made of the root
        return CholeskyNormal(self.loc, root).log_prob(vectors)

    def emit(self, z: Tensor, generator: torch.Generator | None = None) -> Tensor:
        shape = (*z.shape, self.loc.shape[-1])
        noise = torch.randn(
            shape, generator=generator, dtype=self.loc.dtype, device=self.loc.device
        )
        return (self.loc[z] + (self.root[z] @ noise.unsqueeze(-1)).squeeze(-1)).flatten(-2)

    def maximize_emission(self, x: Tensor, weights: Tensor) -> None:
        """The M-step of the emissions, in place: weighted means and covariances. Arguments as for ``HiddenMarkovModel``."""
        vectors, share = x.unflatten(-1, (-1, self.loc.shape[-1])), weights / weights.sum((0, 1))
        loc = torch.einsum("nts,ntp->sp", share, vectors)
        off = vectors.unsqueeze(-2) - loc
        root, failed = torch.linalg.cholesky_ex(torch.einsum("nts,ntsp,ntsq->spq", share, off, off))
        narrow = root.diagonal(dim1=-2, dim2=-1).amin(-1).square()
        _refuse_collapse(torch.where(failed.bool(), 0.0, narrow), x)
        self.loc.copy_(loc)
        self.root.copy_(root)


def _refuse_collapse(variance: Tensor, x: Tensor) -> None:
    """A variance that is rounding, beside the size of the data, is none."""
    rounding = torch.finfo(x.dtype)
    least = max(1e3 * rounding.tiny, (10 * rounding.eps * float(x.abs().max())) ** 2)
    if not bool((variance > least).all()):
        raise ValueError(
            f"state {int(variance.argmin())} has collapsed onto one value; the likelihood has no maximum. Start elsewhere"
        )
