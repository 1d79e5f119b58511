"""Problems and drivers of unit 05: a model with theta, bits and Gaussians, a function that is only known by its values."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from autograder.protocol.by_datum import RowMeanField, told_apart
from autograder.protocol.problems import driver, problem
from course_vi.families import BernoulliMeanField, MeanField
from course_vi.models.base import Model

__all__ = ["LearnedPrior"]

EARLY = 60  # questions to a model after which a run that is repeated has shown where it goes


class Tilted(Model):
    """log p(x, z) = -sum z^2 / 2 - sum log cosh(x - theta z): not normalized, theta is learned, and z may be bits or real."""

    def __init__(self, theta: Tensor) -> None:
        super().__init__()
        self.latent_dim = self.data_dim = theta.shape[-1]
        self.theta = nn.Parameter(theta.clone())

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        apart = x - self.theta * z
        return {
            "prior": -0.5 * z.square().sum(-1),
            "likelihood": -torch.logaddexp(apart, -apart).sum(-1),
        }


@problem("tilted/gaussian")
def tilted_gaussian(loc: Tensor, log_scale: Tensor, theta: Tensor, x: Tensor) -> dict[str, Any]:
    """model: Tilted(D), ``theta: (D)``; family: MeanField with ``loc, log_scale: (*B, D)``; x ``(*B, D)``."""
    x = told_apart(x)
    family, model = RowMeanField(loc.shape[-1], loc, log_scale).at(x), Tilted(theta)
    learn = {**dict(family.named_parameters()), **dict(model.named_parameters())}
    return {"model": model, "family": family, "x": x, "learn": learn, "shared": True}


@problem("tilted/bits")
def tilted_bits(logits: Tensor, theta: Tensor, x: Tensor) -> dict[str, Any]:
    """model: Tilted(D); family: independent bits with ``logits: (D)``, which the data share; x ``(*B, D)``."""
    family, model = BernoulliMeanField(logits.shape[-1], logits), Tilted(theta)
    learn = {**dict(family.named_parameters()), **dict(model.named_parameters())}
    return {"model": model, "family": family, "x": x, "learn": learn, "shared": True}


@driver("leave_one_out/one_sample")
def one_sample(learner: Callable[..., Any], f: Tensor, score: Tensor) -> dict[str, Any]:
    """What happens with a single sample: whether it is refused, and what came if it is not."""
    try:
        actual = learner(f, score)
    except ValueError:
        return {"refused": True}
    return {"refused": False, "actual": actual}


@driver("moving_support/rows")
def moving_support_rows(
    learner: Callable[..., Any],
    height: Tensor,
    place: Tensor,
    phi: Tensor,
    z: Tensor,
    power: float,
    b: Tensor,
) -> Any:
    """The learner's rows for f(z) = h0 + h1 z + h2 [z > place] + h3 sin(3 z), of which nothing but values is to be had."""

    def f(z: Tensor) -> Tensor:
        z = torch.as_tensor(z).detach()
        step = (z > place).to(height)
        return height[0] + height[1] * z + height[2] * step + height[3] * torch.sin(3 * z)

    return learner(f, phi, z, power, b)


@driver("rao_blackwell/graph")
def rao_blackwell_graph(
    learner: Callable[..., Any], logits: Tensor, factors: list[list[Any]], z: Tensor
) -> Any:
    """The learner's (gradients, table) on a graph: each factor a pair of a tuple of bits and a table."""
    return learner(logits, [(tuple(scope), table) for scope, table in factors], z)


class Enough(Exception):
    """A model was asked as often as is needed to see where a climb goes."""


class LearnedPrior(Model):
    """Logistic regression whose prior scale is learned: z ~ N(0, tau^2 I), theta = log tau. It gives values: no gradient passes through z.

    A datum is a row of D features and a label; the latents are global, ``z: (K, D)``, ``log_joint: (K)``.

    Args:
        limit: it asks to stop when it was asked so often; never if 0.
    """

    local = False

    def __init__(self, dim: int, log_prior_scale: float = 0.0, limit: int = 0) -> None:
        super().__init__()
        self.latent_dim, self.data_dim = dim, dim + 1
        self.log_prior_scale = nn.Parameter(torch.tensor(log_prior_scale, dtype=torch.float64))
        self.limit, self.calls = limit, 0

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        self.calls += 1
        if self.limit and self.calls > self.limit:
            raise Enough
        z, log_tau = z.detach(), self.log_prior_scale
        signs = 2 * x[:, -1] - 1
        white = z * (-log_tau).exp()
        return {
            "prior": (-0.5 * white.square() - log_tau - 0.5 * math.log(2 * math.pi)).sum(-1),
            "likelihood": logsigmoid(signs * (z @ x[:, :-1].mT)).sum(-1),
        }


def _numbers(p: LearnedPrior, q: MeanField) -> Tensor:
    """Where a climb stands: loc, log_scale, log tau."""
    parts = (q.loc, q.log_scale, p.log_prior_scale.reshape(1))
    return torch.cat([part.detach().clone() for part in parts])


@driver("bbvi/train", trains=True)
def bbvi_train(
    learner: Callable[..., Any],
    x: Tensor,
    seed: int,
    log_prior_scale: float,
    loc: Tensor,
    log_scale: Tensor,
) -> dict[str, Any]:
    """Let the learner climb.

    Returns:
        ``out``: loc, log_scale and log tau in the end, ``(2 D + 1)``; ``bounds``: what the learner returned.
    """
    p, q = LearnedPrior(len(loc), log_prior_scale), MeanField(len(loc), loc, log_scale)
    bounds = _history(learner(p, q, x, seed))
    return {"out": _numbers(p, q), "bounds": bounds}


@driver("bbvi/begin", trains=True)
def bbvi_begin(
    learner: Callable[..., Any],
    x: Tensor,
    seeds: list[int],
    log_prior_scale: float,
    loc: Tensor,
    log_scale: Tensor,
) -> Tensor:
    """Where climbs from these seeds are when they are stopped early, ``(seeds, 2 D + 1)``; in the end, if nothing has moved by then.

    The global streams of random numbers move on from climb to climb.
    """
    paths = []
    for seed in seeds:
        for limit in (EARLY, 0):
            p = LearnedPrior(len(loc), log_prior_scale, limit)
            q = MeanField(len(loc), loc, log_scale)
            before = _numbers(p, q)
            with contextlib.suppress(Enough):
                learner(p, q, x, seed)
            if not torch.equal(_numbers(p, q), before):
                break
        paths.append(_numbers(p, q))
    return torch.stack(paths)


def _history(bounds: Any) -> Any:
    """A list of numbers as one tensor, whatever the numbers are; anything else as it came."""
    try:
        return torch.tensor([float(bound) for bound in bounds], dtype=torch.float64)
    except (TypeError, ValueError):
        return bounds
