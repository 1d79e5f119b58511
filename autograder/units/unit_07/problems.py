"""Drivers of unit 07: what a learner's functions of logits and noise return, with gradients; models of bits that are known by their values."""

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
