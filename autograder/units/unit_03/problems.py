"""Problems of unit 03: a second tractable model in which every piece can be asked for, and one whose oracle was tampered with."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from autograder.protocol.by_datum import RowFullRank, RowMeanField, told_apart
from autograder.protocol.problems import problem
from course_vi.distributions import CholeskyNormal, DiagonalNormal
from course_vi.models import ConjugateToy, GaussianChain

__all__: list[str] = []


class NamedChain(GaussianChain):
    """The chain of two layers, which also names its prior p(z1, z2) and its likelihood p(x | z1)."""

    def prior(self) -> CholeskyNormal:
        covariance = torch.tensor([[2.0, 1.0], [1.0, 1.0]], dtype=torch.float64)
        return CholeskyNormal(
            torch.zeros(2, dtype=torch.float64), torch.linalg.cholesky(covariance)
        )

    def likelihood(self, z: Tensor) -> DiagonalNormal:
        return DiagonalNormal(z[..., :1], torch.zeros_like(z[..., :1]))


class CrookedToy(ConjugateToy):
    """The toy with a false oracle: evidence and posterior are no longer those of the joint, so the forms must disagree."""

    def __init__(self, dim: int, evidence_offset: Tensor, posterior_shift: Tensor) -> None:
        super().__init__(dim)
        self.evidence_offset, self.posterior_shift = evidence_offset, posterior_shift

    def log_evidence(self, x: Tensor) -> Tensor:
        return super().log_evidence(x) + self.evidence_offset

    def posterior(self, x: Tensor) -> DiagonalNormal:
        right = super().posterior(x)
        return DiagonalNormal(right.loc + self.posterior_shift, right.log_scale)


@problem("chain/full_rank")
def chain_full_rank(loc: Tensor, log_scale: Tensor, lower: Tensor, x: Tensor) -> dict[str, Any]:
    """p: the chain; q: FullRank(2) with ``loc, log_scale: (*B, 2)``, ``lower: (*B, 2, 2)``; x ``(*B, 1)``."""
    x = told_apart(x)
    q = RowFullRank(2, loc, log_scale, lower).at(x)
    return {"p": NamedChain(), "q": q, "x": x, "learn": dict(q.named_parameters())}


@problem("toy/crooked")
def toy_crooked(
    loc: Tensor, log_scale: Tensor, x: Tensor, evidence_offset: Tensor, posterior_shift: Tensor
) -> dict[str, Any]:
    """p: the toy with its evidence moved by ``evidence_offset: ()`` and its posterior by ``posterior_shift: (D,)``."""
    x = told_apart(x)
    q = RowMeanField(loc.shape[-1], loc, log_scale).at(x)
    p = CrookedToy(loc.shape[-1], evidence_offset, posterior_shift)
    return {"p": p, "q": q, "x": x, "learn": dict(q.named_parameters())}
