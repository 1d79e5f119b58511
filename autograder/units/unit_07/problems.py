"""Drivers of unit 07: what functions of logits and noise return, with gradients; models of bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from autograder.protocol.problems import driver

__all__: list[str] = []


def _slope(value: Tensor, weight: Tensor, logits: Tensor) -> Tensor:
    """The gradient of the weighted sum of ``value`` in the logits; zero where it does not depend on them."""
    if value.shape == weight.shape:  # a result of another shape is for the check to tell
        value = weight * value
    if not value.requires_grad:
        return torch.zeros_like(logits)
    (slope,) = torch.autograd.grad(value.sum(), logits, retain_graph=True, allow_unused=True)
    return torch.zeros_like(logits) if slope is None else slope


@driver("gumbel_softmax/pair")
def gumbel_softmax_pair(
    learner: Callable[..., Any],
    logits: Tensor,
    temperature: float,
    g: Tensor,
    weight: Tensor,
    by: Tensor,
) -> dict[str, Any]:
    """(z, log q), and the gradients of ``(weight * z).sum()`` and ``(by * log_q).sum()`` in the logits."""
    logits = logits.requires_grad_()
    pair = learner(logits, temperature, g)
    if not (
        isinstance(pair, (tuple, list))
        and len(pair) == 2
        and all(isinstance(item, Tensor) for item in pair)
    ):
        raise TypeError(
            f"it returned a {type(pair).__name__}; expected a pair of tensors, (z, log_q)"
        )
    z, log_q = pair
    slopes = {"slope_z": _slope(z, weight, logits), "slope_q": _slope(log_q, by, logits)}
    knows = {"knows_z": z.requires_grad, "knows_q": log_q.requires_grad}
    return {"z": z, "log_q": log_q, **slopes, **knows}


@driver("conditional_gumbels/values")
def conditional_gumbels_values(
    learner: Callable[..., Any], logits: Tensor, z: Tensor, g: Tensor, weight: Tensor
) -> dict[str, Any]:
    """The learner's perturbed logits, and the gradient of their weighted sum in the logits."""
    logits = logits.requires_grad_()
    value = learner(logits, z, g)
    if isinstance(value, (tuple, list)) and all(isinstance(row, Tensor) for row in value):
        value = torch.stack(list(value))
    if not isinstance(value, Tensor):
        return {"value": value, "slope": torch.zeros(0), "knows": False}
    return {"value": value, "slope": _slope(value, weight, logits), "knows": value.requires_grad}


def _value_and_slope(function: Callable[[Tensor], Any], b: Tensor) -> dict[str, Any]:
    """A learner's function of rows b, ``(N, D)``, its slope, and its values at the last three rows, each asked alone."""
    at = b.clone().requires_grad_()
    value = function(at)
    if not isinstance(value, Tensor) or value.shape != b.shape[:-1]:
        return {"value": value, "slope": torch.zeros(0), "alone": torch.zeros(0)}
    alone = [function(row.unsqueeze(0)).detach().reshape(()) for row in b[-3:]]
    slope = _slope(value, torch.ones(0), at)
    return {"value": value, "slope": slope, "alone": torch.stack(alone)}


@driver("rewrite/pair")
def rewrite_pair(
    learner: Callable[..., Any],
    logits: Tensor,
    linear: Tensor,
    quadratic: Tensor,
    bend: Tensor,
    b: Tensor,
) -> dict[str, Any]:
    """Both functions that a learner makes of f(b) = c b + b'Ab / 2 + h tanh(w b): values and slopes at rows b."""

    def f(b: Tensor) -> Tensor:
        smooth = b @ linear + 0.5 * ((b @ quadratic) * b).sum(-1)
        return smooth + bend[1, 0] * torch.tanh(b @ bend[0])

    pair = learner(f, logits)
    if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not all(map(callable, pair)):
        raise TypeError(f"it returned a {type(pair).__name__}; expected a pair of functions")
    return {
        name: _value_and_slope(one, b) for name, one in zip(("first", "second"), pair, strict=True)
    }


class Bits:
    """f(z) = level + linear z + (pair z)^2 + 2 / (1 + (pair z)^2), datum by datum.

    It gives values alone, and counts for how many vectors of bits it is asked.
    """

    def __init__(self, linear: Tensor, pair: Tensor, level: Tensor) -> None:
        self.linear, self.pair, self.level, self.rows = linear, pair, level, 0

    def __call__(self, z: Tensor) -> Tensor:
        z = torch.as_tensor(z).detach().to(self.linear)
        square = (self.pair * z).sum(-1) ** 2
        value = self.level + (self.linear * z).sum(-1) + square + 2.0 / (1 + square)
        self.rows += value.numel()
        return value


@driver("disarm/estimate")
def disarm_estimate(
    learner: Callable[..., Any],
    logits: Tensor,
    u: Tensor,
    linear: Tensor,
    pair: Tensor,
    level: Tensor,
) -> Any:
    """The learner's estimate for a function that is known by its values."""
    return learner(Bits(linear, pair, level), logits, u)


@driver("disarm/rows")
def disarm_rows(
    learner: Callable[..., Any],
    logits: Tensor,
    u: Tensor,
    linear: Tensor,
    pair: Tensor,
    level: Tensor,
) -> int:
    """For how many vectors of bits the learner asks f."""
    f = Bits(linear, pair, level)
    learner(f, logits, u)
    return f.rows


def _smooth(linear: Tensor, pair: Tensor) -> Callable[[Tensor], Tensor]:
    """f(b) = linear b + (pair b)^2 + 2 / (1 + (pair b)^2), smooth, for rows b."""

    def f(b: Tensor) -> Tensor:
        square = (pair * b).sum(-1) ** 2
        return (linear * b).sum(-1) + square + 2.0 / (1 + square)

    return f


@driver("rebar/terms")
def rebar_terms(
    learner: Callable[..., Any],
    logits: Tensor,
    u: Tensor,
    v: Tensor,
    temperature: float,
    linear: Tensor,
    pair: Tensor,
) -> Any:
    """The learner's (terms, gradient) for a smooth function of bits."""
    return learner(_smooth(linear, pair), logits, u, v, temperature)


@driver("rebar/one_sample")
def rebar_one_sample(
    learner: Callable[..., Any],
    logits: Tensor,
    u: Tensor,
    v: Tensor,
    temperature: float,
    linear: Tensor,
    pair: Tensor,
) -> bool:
    """Whether a single sample is refused."""
    try:
        learner(_smooth(linear, pair), logits, u, v, temperature)
    except ValueError:
        return True
    return False


@driver("relax/estimates")
def relax_estimates(
    learner: Callable[..., Any],
    logits: Tensor,
    g: Tensor,
    h: Tensor,
    table: Tensor,
    mix: Tensor,
    out: Tensor,
    line: Tensor,
) -> Any:
    """The learner's one-sample gradients; f looks a category up, c(s) = out tanh(mix s) + (line s)^2 / 2."""

    def f(z: Tensor) -> Tensor:
        return torch.as_tensor(z).detach().to(table) @ table

    def c(s: Tensor) -> Tensor:
        return torch.tanh(s @ mix.mT) @ out + 0.5 * (s @ line) ** 2

    return learner(f, c, logits, g, h)
