"""Problems and drivers of unit 10: bounds of every kind, a model with theta, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from autograder.protocol.problems import driver, problem
from course_vi.models import ConjugateToy
from course_vi.models.base import Model

__all__ = ["BOUNDS", "Tilted", "make_bound"]

BOUNDS = ("power", "mean", "tempered", "leave_one_out", "unequal", "spread", "squashed")


def _power(log_w: Tensor, power: float) -> Tensor:
    return (torch.logsumexp(power * log_w, 0) - math.log(len(log_w))) / power


def _mean(log_w: Tensor, number: float) -> Tensor:
    return log_w.mean(0)


def _tempered(log_w: Tensor, number: float) -> Tensor:
    """The left sum of two intervals, (0, b) and (b, 1)."""
    share = (number * log_w).softmax(0)
    return number * log_w.mean(0) + (1 - number) * (share * log_w).sum(0)


def _leave_one_out(log_w: Tensor, number: float) -> Tensor:
    """K times the log mean weight, less K - 1 times its mean over all sets with one weight left out."""
    count = len(log_w)
    rows = [torch.cat([log_w[:k], log_w[k + 1 :]]) for k in range(count)]
    left = sum(_power(row, 1.0) for row in rows) / count
    return count * _power(log_w, 1.0) - (count - 1) * left


def _unequal(log_w: Tensor, number: float) -> Tensor:
    """The log of a weighted mean of the weights: of sample k in proportion to ``number^k``."""
    place = torch.arange(len(log_w), dtype=log_w.dtype, device=log_w.device)
    shares = torch.log_softmax(math.log(number) * place, 0)
    return torch.logsumexp(log_w + shares.reshape(-1, *(1,) * (log_w.dim() - 1)), 0)


def _spread(log_w: Tensor, number: float) -> Tensor:
    """The mean log weight and ``number`` times their variance."""
    mean = log_w.mean(0)
    return mean + number * (log_w - mean).square().mean(0)


def _squashed(log_w: Tensor, number: float) -> Tensor:
    """The log mean weight above a floor, bent 1.5 times as sharply as itself: no constant passes through it."""
    return number + softplus(1.5 * (_power(log_w, 1.0) - number)) / 1.5


_KINDS: dict[str, Callable[[Tensor, float], Tensor]] = {
    "power": _power,
    "mean": _mean,
    "tempered": _tempered,
    "leave_one_out": _leave_one_out,
    "unequal": _unequal,
    "spread": _spread,
    "squashed": _squashed,
}


def make_bound(kind: str, number: float) -> Callable[[Tensor], Tensor]:
    """A bound ``(K, *B) -> (*B)``, smooth, each datum by itself; it brings no derivatives."""
    chosen = _KINDS[kind]

    def bound(log_w: Tensor) -> Tensor:
        return chosen(log_w, number)

    return bound


class Tilted(Model):
    """log p(x, z) = -sum z^2 / 2 - sum log cosh(x - theta z): no slope of it is linear in z, and theta is learned."""

    def __init__(self, theta: Tensor) -> None:
        super().__init__()
        self.latent_dim = self.data_dim = theta.shape[-1]
        self.theta = nn.Parameter(theta.clone())

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        apart = x - self.theta * z
        return {
            "prior": -0.5 * z.square().sum(-1),
            "likelihood": -(torch.logaddexp(apart, -apart) - math.log(2.0)).sum(-1),
        }


def _objects(p: Model, loc: Tensor, log_scale: Tensor, x: Tensor, which: Tensor) -> dict[str, Any]:
    loc, log_scale = loc.clone().requires_grad_(), log_scale.clone().requires_grad_()
    return {
        "p": p,
        "loc": loc,
        "log_scale": log_scale,
        "x": x,
        "bound": make_bound(BOUNDS[int(which[0])], float(which[1])),
        "learn": {"loc": loc, "log_scale": log_scale, **dict(p.named_parameters())},
    }


@problem("bound/tilted")
def bound_tilted(
    loc: Tensor, log_scale: Tensor, theta: Tensor, x: Tensor, which: Tensor
) -> dict[str, Any]:
    """p: ``Tilted(theta)``; q: a Gaussian with ``loc, log_scale: (*B, D)``; bound: ``which`` of ``BOUNDS``, and its number."""
    return _objects(Tilted(theta), loc, log_scale, x, which)


@problem("bound/toy")
def bound_toy(loc: Tensor, log_scale: Tensor, x: Tensor, which: Tensor) -> dict[str, Any]:
    """The same with the conjugate toy, whose posterior is a Gaussian."""
    return _objects(ConjugateToy(loc.shape[-1]), loc, log_scale, x, which)


@driver("refused/call")
def refused_call(learner: Callable[..., Any], given: list[Any]) -> dict[str, Any]:
    """Whether a call is refused with a ``ValueError``, and what came if it is not."""
    try:
        actual = learner(*given)
    except ValueError:
        return {"refused": True}
    return {"refused": False, "actual": actual}
