"""What exercises of unit 10 share: derivatives of bounds, log weights of every kind, what is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from autograder.checks.compare import compare, holds
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe

__all__ = ["RTOL", "Bound", "derivatives", "judged", "log_mean_exp", "log_weights", "refused"]

Bound = Callable[[Tensor], Tensor]
RTOL = 1e-7
Given = TypeVar("Given")


def judged(
    got: Any,
    right: np.ndarray,
    mistakes: Callable[[Given], Sequence[Mistake]],
    given: Given,
    what: str,
) -> Finding:
    """``compare`` to seven digits; the mistakes are made, from what was given, only if they are needed."""
    return compare(got, right, lambda: mistakes(given), RTOL, what=what)


def derivatives(bound: Bound, log_w: Tensor) -> tuple[Tensor, Tensor]:
    """First derivatives ``(K, *B)`` and all second ones ``(K, K, *B)`` of a bound, without a graph."""
    at = log_w.detach().clone().requires_grad_()
    (first,) = torch.autograd.grad(bound(at).sum(), at, create_graph=True)
    rows = []
    for row in first:
        if not row.requires_grad:
            rows.append(torch.zeros_like(at))
            continue
        (found,) = torch.autograd.grad(row.sum(), at, retain_graph=True, allow_unused=True)
        rows.append(torch.zeros_like(at) if found is None else found)
    return first.detach(), torch.stack(rows).detach()


def log_mean_exp(values: np.ndarray, axis: int = 0) -> np.ndarray:
    top = values.max(axis, keepdims=True)
    mean = np.exp(values - top).mean(axis, keepdims=True)
    result: np.ndarray = (top + np.log(mean)).squeeze(axis)
    return result


def log_weights(
    rng: np.random.Generator, samples: int, batch: tuple[int, ...] = (), spread: float = 1.5
) -> np.ndarray:
    """Log weights of either sign that lie around a level of their own for each datum."""
    level = rng.uniform(-6.0, 4.0, batch)
    value: np.ndarray = level + spread * rng.normal(size=(samples, *batch))
    return value


def refused(probe: Probe, given: list[Any], why: str) -> Finding:
    """Whether the learner's function raises a ``ValueError``; ``why`` it should is what a learner is told."""
    reply = probe.drive("refused/call", given=given)
    if isinstance(reply, dict) and reply.get("refused"):
        return Finding(True, "a ValueError", "so it is")
    return holds(False, "a ValueError", "a result", "not_refused", why)
