"""Problems on the toy and on a chain of two layers: model, family, and parameters with or without a replicate axis."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from autograder.protocol.by_datum import RowFactorCovariance, RowFullRank, RowMeanField, told_apart
from autograder.protocol.problems import problem
from course_vi.families import Amortized, Layered, MeanField
from course_vi.models import ConjugateToy, GaussianChain

__all__: list[str] = []


def _learn(q: nn.Module) -> dict[str, Tensor]:
    return dict(q.named_parameters())


@problem("toy/mean_field")
def toy_mean_field(loc: Tensor, log_scale: Tensor, x: Tensor) -> dict[str, Any]:
    """p: ConjugateToy(D); q: MeanField with ``loc, log_scale: (*B, D)``; x ``(*B, D)``."""
    x = told_apart(x)
    q = RowMeanField(loc.shape[-1], loc, log_scale).at(x)
    return {
        "p": ConjugateToy(loc.shape[-1]),
        "q": q,
        "x": x,
        "loc": q.loc,
        "log_scale": q.log_scale,
        "learn": _learn(q),
    }


@problem("toy/full_rank")
def toy_full_rank(loc: Tensor, log_scale: Tensor, lower: Tensor, x: Tensor) -> dict[str, Any]:
    """p: ConjugateToy(D); q: FullRank."""
    x = told_apart(x)
    q = RowFullRank(loc.shape[-1], loc, log_scale, lower).at(x)
    return {"p": ConjugateToy(loc.shape[-1]), "q": q, "x": x, "learn": _learn(q)}


@problem("toy/factor")
def toy_factor(loc: Tensor, log_scale: Tensor, factor: Tensor, x: Tensor) -> dict[str, Any]:
    """p: ConjugateToy(D); q: FactorCovariance."""
    x = told_apart(x)
    q = RowFactorCovariance(loc.shape[-1], factor.shape[-1], loc, log_scale, factor).at(x)
    return {"p": ConjugateToy(loc.shape[-1]), "q": q, "x": x, "learn": _learn(q)}


@problem("chain/layered")
def chain_layered(
    weight1: Tensor, bias1: Tensor, weight2: Tensor, bias2: Tensor, x: Tensor
) -> dict[str, Any]:
    """p: GaussianChain; q: two layers with linear encoders, ``z1 | x`` and ``z2 | z1``. weight: ``(2, 1)``, bias: ``(2,)``."""
    encoders = []
    for weight, bias in ((weight1, bias1), (weight2, bias2)):
        encoder = nn.Linear(1, 2).to(weight.dtype)
        with torch.no_grad():
            encoder.weight.copy_(weight), encoder.bias.copy_(bias)
        encoders.append(encoder)
    q1, q2 = (Amortized(MeanField(1), encoder) for encoder in encoders)
    q = Layered(q1, q2)
    return {
        "p": GaussianChain(),
        "q": q,
        "q1": q1,
        "q2": q2,
        "x": x,
        "learn": _learn(q),
        "shared": True,
    }
