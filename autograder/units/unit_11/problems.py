"""Problems of unit 11: a linear encoder whose weights may differ from datum to datum, a training run, a climb."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from autograder.protocol.by_datum import RowEncoder, told_apart
from autograder.protocol.problems import driver, problem
from course_vi.distributions import DiagonalNormal
from course_vi.families import Amortized, MeanField
from course_vi.models import ConjugateToy, GaussianChain

__all__: list[str] = []

EARLY = 25  # calls of an encoder after which a run that is repeated has shown where it goes


@problem("toy/encoder")
def toy_encoder(weight: Tensor, bias: Tensor, x: Tensor) -> dict[str, Any]:
    """p: the toy with as many coordinates as x; encoder: linear, to loc and log_scale; ``weight: (*R, 2D, D)``, ``bias: (*R, 2D)``."""
    x = told_apart(x) if bias.dim() > 1 else x
    encoder = RowEncoder(weight, bias, x)
    return {
        "p": ConjugateToy(x.shape[-1]),
        "q": Amortized(MeanField(x.shape[-1]), encoder),
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


class OtherPrior(ConjugateToy):
    """The toy with another prior, z ~ N(0, scale^2): who knows the toy's posterior by heart does not know this one."""

    def __init__(self, scale: float) -> None:
        super().__init__(1)
        self.log_prior_scale = math.log(scale)

    def prior(self) -> DiagonalNormal:
        zeros = self.unit.new_zeros(1)
        return DiagonalNormal(zeros, zeros + self.log_prior_scale)

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        zeros = torch.zeros_like(z)
        return {
            "prior": DiagonalNormal(zeros, zeros + self.log_prior_scale).log_prob(z),
            "likelihood": self.likelihood(z).log_prob(x),
        }

    def posterior(self, x: Tensor) -> DiagonalNormal:
        raise NotImplementedError("this model has no posterior in closed form: learn it")

    def log_evidence(self, x: Tensor) -> Tensor:
        raise NotImplementedError("this model has no evidence in closed form: climb the bound")


class Enough(Exception):
    """An encoder was asked as often as is needed to see where its training goes."""


class WatchedEncoder(nn.Linear):
    """A linear encoder that says where its parameters were when it was asked for the ``limit``-th time, and asks to stop there.

    Args:
        limit: it is never stopped if 0.
    """

    def __init__(self, weight: Tensor, bias: Tensor, limit: int = 0) -> None:
        super().__init__(weight.shape[1], weight.shape[0], dtype=torch.float64)
        self.limit, self.calls = limit, 0
        with torch.no_grad():
            self.weight.copy_(weight), self.bias.copy_(bias)

    @property
    def numbers(self) -> Tensor:
        return torch.cat([self.weight.detach().ravel(), self.bias.detach()])

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        if self.limit and self.calls > self.limit:
            raise Enough
        return super().forward(x)


@driver("train_recognizer", trains=True)
def train_recognizer(
    learner: Any,
    x: Tensor,
    test: Tensor,
    seed: int,
    prior_scale: float,
    weight: Tensor,
    bias: Tensor,
    others: list[int],
) -> dict[str, Any]:
    """Let the learner train a linear encoder; ask it about data it has not seen. Then begin again, once for each of other seeds.

    A run that begins again is stopped early, unless nothing has moved by then. The global streams of random numbers move on from run
    to run.

    Returns:
        ``out``: the encoder's answers, ``(T, 2)``; ``bounds``: what the learner returned; ``paths``: where each of the other runs was
        when it was stopped, ``(R, 4)``.
    """
    p = OtherPrior(prior_scale).double()
    encoder = WatchedEncoder(weight, bias)
    bounds = _history(learner(p, encoder, x, seed))
    paths = [_began(learner, p, x, other, weight, bias) for other in others]
    with torch.no_grad():
        return {"out": encoder(test), "bounds": bounds, "paths": paths}


def _began(
    learner: Any, p: OtherPrior, x: Tensor, seed: int, weight: Tensor, bias: Tensor
) -> Tensor:
    encoder = WatchedEncoder(weight, bias, limit=EARLY)
    before = encoder.numbers
    try:
        learner(p, encoder, x, seed)
    except Enough:
        if torch.equal(encoder.numbers, before):  # a long first step: it asks about datum by datum
            encoder = WatchedEncoder(weight, bias)
            learner(p, encoder, x, seed)
    return encoder.numbers


def _history(bounds: Any) -> Any:
    """A list of numbers as one tensor, whatever the numbers are; anything else as it came."""
    try:
        return torch.tensor([float(bound) for bound in bounds], dtype=torch.float64)
    except (TypeError, ValueError):
        return bounds


@driver("climb")
def climb(
    learner: Any,
    x: Tensor,
    loc: Tensor,
    log_scale: Tensor,
    steps: int,
    rate: float,
    model: str = "toy",
) -> Any:
    """Let the learner climb the exact ELBO of the toy, or of x ~ N(exp z, 1), where loc and log_scale depend on each other."""
    toy = ConjugateToy(x.shape[-1])

    def elbo(m: Tensor, r: Tensor) -> Tensor:
        if model == "exponential":
            s2 = (2 * r).exp()
            squares = x**2 - 2 * x * (m + s2 / 2).exp() + (2 * m + 2 * s2).exp() + m**2 + s2
            return (-0.5 * squares - math.log(2 * math.pi)).sum(-1) + DiagonalNormal(m, r).entropy()
        expected = toy.log_joint(x, m.unsqueeze(0)).squeeze(0) - (2 * r).exp().sum(-1)
        return expected + DiagonalNormal(m, r).entropy()

    return learner(elbo, loc, log_scale, steps, rate)
