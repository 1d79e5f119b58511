"""Problems of unit 11: a linear encoder whose weights may differ from datum to datum, a training run, a climb."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from autograder.protocol.by_datum import RowEncoder, told_apart
from autograder.protocol.problems import driver, problem
from course_vi.distributions import DiagonalNormal
from course_vi.models import ConjugateToy, GaussianChain

__all__: list[str] = []


@problem("toy/encoder")
def toy_encoder(weight: Tensor, bias: Tensor, x: Tensor) -> dict[str, Any]:
    """p: the toy with as many coordinates as x; encoder: linear, to loc and log_scale; ``weight: (*R, 2D, D)``, ``bias: (*R, 2D)``."""
    x = told_apart(x) if bias.dim() > 1 else x
    encoder = RowEncoder(weight, bias, x)
    return {
        "p": ConjugateToy(x.shape[-1]),
        "encoder": encoder,
        "x": x,
        "learn": dict(encoder.named_parameters()),
        "shared": bias.dim() < 2,
    }


@problem("chain/encoder")
def chain_encoder(weight: Tensor, bias: Tensor, x: Tensor) -> dict[str, Any]:
    """p: the chain of two latents and one observation; encoder: linear, to four numbers."""
    encoder = RowEncoder(weight, bias)
    return {
        "p": GaussianChain(),
        "encoder": encoder,
        "x": x,
        "learn": dict(encoder.named_parameters()),
        "shared": True,
    }


@driver("train_recognizer", trains=True)
def train_recognizer(learner: Any, x: Tensor, test: Tensor, seed: int) -> dict[str, Tensor]:
    """Give the learner the toy, an untrained linear encoder and data; ask the encoder about data it has not seen.

    Returns:
        ``out``: the encoder's answers, ``(T, 2)``; ``start``: those before training; ``bounds``: what the learner returned.
    """
    encoder = nn.Linear(1, 2, dtype=torch.float64)
    with torch.no_grad():
        (
            encoder.weight.copy_(torch.tensor([[0.1], [0.0]])),
            encoder.bias.copy_(torch.tensor([0.3, 0.2])),
        )
    start = encoder(test).detach()
    bounds = learner(ConjugateToy(1), encoder, x, seed)
    with torch.no_grad():
        return {
            "start": start,
            "out": encoder(test),
            "bounds": torch.as_tensor(bounds, dtype=torch.float64),
        }


@driver("climb")
def climb(
    learner: Any,
    x: Tensor,
    loc: Tensor,
    log_scale: Tensor,
    steps: int,
    rate: float,
    model: str = "toy",
) -> dict[str, Any]:
    """Let the learner climb the exact ELBO of the toy, or of x ~ N(exp z, 1), where loc and log_scale depend on each other.

    Say where it arrived, and whether the starting point was left alone."""
    toy = ConjugateToy(x.shape[-1])

    def elbo(m: Tensor, r: Tensor) -> Tensor:
        if model == "exponential":
            s2 = (2 * r).exp()
            squares = x**2 - 2 * x * (m + s2 / 2).exp() + (2 * m + 2 * s2).exp() + m**2 + s2
            return (-0.5 * squares - math.log(2 * math.pi)).sum(-1) + DiagonalNormal(m, r).entropy()
        expected = toy.log_joint(x, m.unsqueeze(0)).squeeze(0) - (2 * r).exp().sum(-1)
        return expected + DiagonalNormal(m, r).entropy()

    before = loc.clone(), log_scale.clone()
    arrived = learner(elbo, loc, log_scale, steps, rate)
    touched = not (torch.equal(before[0], loc) and torch.equal(before[1], log_scale))
    return {"arrived": arrived, "touched": int(touched)}
