"""Is a mutant another right answer? By values and gradients where they are exact; by distribution where chance has a say."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autograder.audit.mutants.wrappers import Call, around, methods

__all__ = [
    "Observation",
    "Question",
    "Raised",
    "alike",
    "compare_draws",
    "difference",
    "flat",
    "observe",
    "expectation",
    "same",
]

Request = dict[str, Any]
Reply = Callable[[Request, Any], dict[str, Any]]
RTOL, ATOL = 1e-6, 1e-8
Z_LIMIT = 5.0
FEATURES = 64


class Raised(Exception):
    """The answer raised, or could not be read."""


@dataclass(frozen=True)
class Question:
    """A request, and how two answers to it are compared.

    Attributes:
        draws: compare the distributions of so many draws; exact if 0.
        tolerance: of a driver that trains: how far each of its results may lie off.
    """

    request: Request
    draws: int = 0
    tolerance: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Observation:
    """What one request brought: the value, the gradient by parameter, and whether an argument was changed."""

    value: Any
    gradient: Any
    touched: bool


def observe(reply: Reply, request: Request, learner: Any) -> Observation:
    """Put a request to an answer. A gradient is pulled back with random unequal weights: a sum would hide rows that changed places."""
    touched: list[bool] = []
    answered = reply(request, _watched(learner, touched, request["kind"] == "gradient"))
    if "error" in answered:
        raise Raised(str(answered["error"].get("type", "")))
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
    """In what the answer differs from the expectation: ``value``, ``gradient``, ``touched``, ``repeats``, ``seed``; nothing if alike."""
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
        if not same(getattr(first, name), getattr(expected, name)):
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


def flat(value: Any) -> np.ndarray:
    """All numbers of a nest in one row, text as a number of its own: for comparing right answers, which may nest differently."""
    if isinstance(value, dict):
        return flat([value[name] for name in sorted(value)])
    if isinstance(value, list):
        return np.concatenate([np.zeros(0), *(flat(item) for item in value)])
    if isinstance(value, str):
        return np.array([float(int.from_bytes(value.encode()[:6], "little"))])
    return np.zeros(0) if value is None else np.asarray(value, dtype=float).ravel()


def alike(value: Any, wanted: Any, tolerance: dict[str, float]) -> bool:
    """Within the tolerance, result by result. Histories of different lengths are compared by the means of their first and last tenths."""
    for name, limit in tolerance.items():
        got, want = (np.asarray(side[name], dtype=float) for side in (value, wanted))
        if got.ndim == want.ndim == 1 and got.shape != want.shape and min(len(got), len(want)):
            got, want = (
                np.array(
                    [
                        side[: max(1, len(side) // 10)].mean(),
                        side[-max(1, len(side) // 10) :].mean(),
                    ]
                )
                for side in (got, want)
            )
        if got.shape != want.shape or not (np.abs(got - want) <= limit).all():
            return False
    return True


def compare_draws(a: np.ndarray, b: np.ndarray) -> bool:
    """Do two samples, ``(N, P)``, of the same seeds differ in mean or variance? Paired, so that equal draws are equal."""
    if a.shape != b.shape or not np.isfinite(a).all():
        return True
    count = len(a)
    means = _largest_z(a - b, (a - b).mean(0), np.abs(b).max(0))
    spread_a, spread_b = a.var(0), b.var(0)
    floor = (1e-9 * np.abs(b).max(0)) ** 2 + 1e-300
    if ((spread_a <= floor) != (spread_b <= floor)).any():
        return True
    both = spread_a > floor
    if not both.any():
        return means > Z_LIMIT
    influence = ((a - a.mean(0)) ** 2)[:, both] / spread_a[both] - ((b - b.mean(0)) ** 2)[
        :, both
    ] / spread_b[both]
    ratio = np.log(spread_a[both] / spread_b[both])
    return (
        bool(
            max(means, _largest_z(influence - influence.mean(0), ratio, np.ones(int(both.sum()))))
            > Z_LIMIT
        )
        if count > 1
        else True
    )


def _largest_z(rows: np.ndarray, mean: np.ndarray, size: np.ndarray) -> float:
    """The largest mean in units of its standard error; differences that are rounding count as none."""
    error = rows.std(0, ddof=1) / len(rows) ** 0.5
    real = np.abs(mean) > 1e-9 * (size + 1e-12)
    return float((np.abs(mean) / np.maximum(error, 1e-12 * (size + 1e-12)))[real].max(initial=0.0))


def _draws(reply: Reply, question: Question, learner: Any) -> np.ndarray:
    rows = []
    for turn in range(question.draws):
        seen = observe(reply, reseeded(question.request, turn), learner)
        row = np.concatenate([flat(seen.value), flat(seen.gradient)])
        few = (
            row[np.linspace(0, len(row) - 1, min(FEATURES, len(row))).astype(int)]
            if len(row)
            else row
        )
        rows.append(
            np.array([*few, row.mean(), np.square(row).mean(), np.abs(row).mean()])
            if len(row)
            else row
        )
    if len({row.shape for row in rows}) > 1:
        return np.full((len(rows), 1), np.nan)
    return np.array(rows)


def _repeats(
    reply: Reply, request: Request, learner: Any, first: Observation | None = None
) -> bool:
    """The same again, when only the global stream of random numbers has moved on?"""
    first = first or observe(reply, request, learner)
    again = observe(reply, {**request, "seed": int(request.get("seed", 0)) + 1}, learner)
    return same(first.value, again.value) and same(first.gradient, again.gradient)


def _seeded(reply: Reply, request: Request, learner: Any, first: Observation) -> bool:
    """Does another seed among the arguments give something else?"""
    return not same(first.value, observe(reply, reseeded(request, 1, own=False), learner).value)


def reseeded(request: Request, turn: int, own: bool = True) -> Request:
    """The same request with other random numbers: its own seed, generators, and arguments that are called seed."""

    def change(value: Any) -> Any:
        if isinstance(value, dict):
            if "$generator" in value:
                return {"$generator": int(value["$generator"]) + turn}
            return {
                name: item + turn
                if name == "seed" and isinstance(item, int) and "$noise" not in value
                else change(item)
                for name, item in value.items()
            }
        return [change(item) for item in value] if isinstance(value, list) else copy.copy(value)

    changed = {
        name: change(value) if name in ("args", "kwargs") else value
        for name, value in request.items()
    }
    return {**changed, "seed": int(request.get("seed", 0)) + turn} if own else changed
