"""Is a mutant another right answer?

By values and gradients where they are exact; by distribution where chance has a say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autograder.audit.mutants.around import Call, around, methods
from autograder.audit.mutants.chance import compare_draws, flat, reseeded, summary

__all__ = [
    "ATOL",
    "RTOL",
    "Observation",
    "Question",
    "Raised",
    "alike",
    "difference",
    "expectation",
    "observe",
    "same",
]

Request = dict[str, Any]
Reply = Callable[[Request, Any], dict[str, Any]]
RTOL, ATOL = 1e-5, 1e-7  # those of the checks: less is nothing that they could see


class Raised(Exception):
    """The answer raised, or could not be read."""


class Touched(Raised):
    """The answer changed its arguments, and the engine would not have it."""


@dataclass(frozen=True)
class Question:
    """A request, and how two answers to it are compared.

    Attributes:
        draws: compare the distributions of so many draws; exact if 0.
        tolerance: of a driver that trains: how far each of its results may lie off.
        rtol: how far right answers may lie apart, relatively.
    """

    request: Request
    draws: int = 0
    tolerance: dict[str, float] = field(default_factory=dict)
    rtol: float = RTOL


@dataclass(frozen=True)
class Observation:
    """What a request brought: value, gradient by parameter, and whether an argument changed."""

    value: Any
    gradient: Any
    touched: bool


def observe(reply: Reply, request: Request, learner: Any) -> Observation:
    """Put a request to an answer.

    A gradient is pulled back with random unequal weights: a sum would hide rows that changed
    places.
    """
    touched: list[bool] = []
    answered = reply(request, _watched(learner, touched, request["kind"] == "gradient"))
    if "error" in answered:
        raise (Touched if any(touched) else Raised)(str(answered["error"].get("type", "")))
    return Observation(answered["value"], answered.get("gradient", {}), any(touched))


def _watched(learner: Any, touched: list[bool], weighted: bool) -> Any:
    """The answer, saying whether it changed its tensors, and with weights on its value."""

    def call(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        tensors = [value for value in (*args, *kwargs.values()) if isinstance(value, Tensor)]
        before = [value.detach().clone() for value in tensors]
        result = function(*args, **kwargs)
        touched.append(
            not all(
                a.shape == b.shape and torch.equal(a.nan_to_num(), b.detach().nan_to_num())
                for a, b in zip(before, tensors, strict=True)
            )
        )
        return (
            _weights(result) * result
            if weighted and isinstance(result, Tensor) and result.is_floating_point()
            else result
        )

    chosen: Call = call
    for method in methods(learner):
        learner = around(learner, method, chosen)
    return learner


def _weights(result: Tensor) -> Tensor:
    """Between 0.5 and 1.5 in size, some negative; the same for the same shape."""
    rng = np.random.default_rng([*result.shape, 17])
    weights = rng.uniform(0.5, 1.5, result.shape) * np.where(rng.random(result.shape) < 0.3, -1, 1)
    return torch.as_tensor(weights, dtype=result.dtype)


def expectation(reply: Reply, question: Question, learner: Any) -> Any:
    """What a right answer gives to a question: what ``difference`` compares with."""
    if question.draws:
        return _draws(reply, question, learner), _repeats(reply, question.request, learner)
    first = observe(reply, question.request, learner)
    if question.tolerance:
        return (
            first,
            _repeats(reply, question.request, learner, first),
            _seeded(reply, question.request, learner, first),
        )
    return first


def difference(reply: Reply, question: Question, learner: Any, expected: Any) -> str:
    """In what the answer differs from the expectation; nothing if alike.

    One of ``value``, ``gradient``, ``touched``, ``distribution``, ``repeats``, ``seed``.
    """
    try:
        return _difference(reply, question, learner, expected)
    except Touched:
        return "touched"


def _difference(reply: Reply, question: Question, learner: Any, expected: Any) -> str:
    if question.draws:
        if compare_draws(_draws(reply, question, learner), expected[0]):
            return "distribution"
        return "" if _repeats(reply, question.request, learner) == expected[1] else "repeats"
    first = observe(reply, question.request, learner)
    if question.tolerance:
        wanted, repeats, seeded = expected
        if not alike(first.value, wanted.value, question.tolerance):
            return "value"
        if _repeats(reply, question.request, learner, first) != repeats:
            return "repeats"
        return "" if _seeded(reply, question.request, learner, first) == seeded else "seed"
    for name in ("value", "gradient", "touched"):
        if not same(getattr(first, name), getattr(expected, name), question.rtol):
            return name
    return ""


def same(a: Any, b: Any, rtol: float = RTOL, atol: float = ATOL) -> bool:
    """Equal nests of numbers, up to rounding."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[name], b[name], rtol, atol) for name in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y, rtol, atol) for x, y in zip(a, b, strict=True))
    if isinstance(a, (dict, list)) or isinstance(b, (dict, list)):
        return False
    if isinstance(a, (str, type(None))) or isinstance(b, (str, type(None))):
        return bool(a is b or (type(a) is type(b) and a == b))
    x, y = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    return x.shape == y.shape and np.allclose(x, y, rtol=rtol, atol=atol, equal_nan=True)


def alike(value: Any, wanted: Any, tolerance: dict[str, float]) -> bool:
    """Within the tolerance, result by result.

    Histories of different lengths are compared by the means of their first and last tenths.
    Of a result called ``name.size`` only the root mean square counts: what was learned may be
    turned, or change its sign.
    """
    for name, limit in tolerance.items():
        key, _, size = name.partition(".")
        got, want = (np.asarray(side[key], dtype=float) for side in (value, wanted))
        if size:
            got, want = (np.sqrt(np.square(side).mean()) for side in (got, want))
        if got.ndim == want.ndim == 1 and got.shape != want.shape and min(len(got), len(want)):
            got, want = _ends(got), _ends(want)
        if got.shape != want.shape or not (np.abs(got - want) <= limit).all():
            return False
    return True


def _ends(history: np.ndarray) -> np.ndarray:
    tenth = max(1, len(history) // 10)
    return np.array([history[:tenth].mean(), history[-tenth:].mean()])


def _draws(reply: Reply, question: Question, learner: Any) -> np.ndarray:
    rows = []
    for turn in range(question.draws):
        seen = observe(reply, reseeded(question.request, turn), learner)
        rows.append(summary(np.concatenate([flat(seen.value), flat(seen.gradient)])))
    ragged = len({row.shape for row in rows}) > 1
    return np.full((len(rows), 1), np.nan) if ragged else np.array(rows)


def _repeats(
    reply: Reply, request: Request, learner: Any, first: Observation | None = None
) -> bool:
    """The same again, when only the global stream of random numbers has moved on?"""
    first = first or observe(reply, request, learner)
    again = observe(reply, {**request, "seed": int(request.get("seed", 0)) + 1}, learner)
    return same(first.value, again.value) and same(first.gradient, again.gradient)


def _seeded(reply: Reply, request: Request, learner: Any, first: Observation) -> bool:
    """Does another seed among the arguments give something else?"""
    other = reseeded(request, 1, own=False)
    if repr(other) == repr(request):
        return False
    return not same(first.value, observe(reply, other, learner).value)
