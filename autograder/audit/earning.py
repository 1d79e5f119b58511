"""Answers that hold nothing right, of every exercise: none may earn a point.

They are made of any right answer, by machine: its results keep their shapes, and lose everything else. What a report gives
for them is given for nothing. Others of the standing wrong answers hold something right, and may earn what that is worth
(``audit.mutants.standing``): of those it is only asked that none gets full marks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from autograder.audit.corpus import corpus
from autograder.audit.mutants.around import everywhere, over_tensors
from autograder.checking import run_check
from autograder.checks.probe import InProcess, Runner
from autograder.protocol import wire
from autograder.units import EXERCISES

__all__ = ["EMPTY", "Earned", "earned", "empty"]

MANY = 100  # rows from which a question is one for a mean
BOMB, DUST = 1e9, 1e-6


class Earned(NamedTuple):
    """A part that gave points for nothing.

    Attributes:
        kind: of the answer, a key of ``EMPTY``.
        share: of the part's points.
    """

    exercise: str
    kind: str
    part: str
    share: float
    seed: int

    def __str__(self) -> str:
        return f"{self.exercise}: {self.kind!r} earns {self.share:.0%} of {self.part!r} at seed {self.seed}"


def _changed(change: Callable[[Tensor], Tensor]) -> Callable[[Any], Runner]:
    """The answer with every result changed; functions among its results are changed as well."""

    def value(result: Any) -> Any:
        if callable(result):
            return lambda *args, **kwargs: value(result(*args, **kwargs))
        if isinstance(result, (list, tuple)) and any(callable(item) for item in result):
            return type(result)(value(item) for item in result)
        return over_tensors(change, result)

    def call(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return value(function(*args, **kwargs))

    return lambda learner: InProcess(everywhere(learner, lambda: call))


def _bomb(r: Tensor) -> Tensor:
    """Zero, with a graph; noise without bounds where many rows are asked for, as for a mean."""
    live = (r - r.detach()) if r.requires_grad else torch.zeros_like(r)
    many = r.dim() > 0 and r.shape[-1] > MANY
    noise = BOMB * torch.randn_like(r)
    return noise.detach() + noise * live if many else 0 * live


def _exact_with_dust(learner: Any) -> Runner:
    """Gradients of many replicates are their mean and next to no noise; everything else is zero."""
    ask, rng = InProcess(learner), np.random.default_rng(0)

    def runner(request: bytes) -> bytes:
        question, reply = wire.decode(request), wire.decode(ask(request))
        if "error" in reply:
            return wire.encode(reply)
        reply["value"] = over_arrays(np.zeros_like, reply["value"])
        for name, rows in reply.get("gradient", {}).items():
            many = rows.ndim and (question.get("blocks") or len(rows) > MANY)
            mean = rows.mean(0) if many else np.zeros(rows.shape)
            noise = DUST * rng.standard_normal(rows.shape)
            reply["gradient"][name] = np.broadcast_to(mean, rows.shape) + many * noise
        return wire.encode(reply)

    return runner


def _shape(request: bytes) -> str:
    """What is asked, but for the numbers."""

    def shape(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return value.shape
        if isinstance(value, dict):
            return {name: shape(item) for name, item in value.items()}
        return [shape(item) for item in value] if isinstance(value, list) else type(value).__name__

    question = wire.decode(request)
    named = [question["kind"], question.get("problem"), question.get("driver")]
    return repr((named, shape({name: question[name] for name in sorted(question)})))


def _memorised(exercise: str) -> Callable[[Any], Runner]:
    """Questions are answered as they were in another check: what was learned by heart, or typed in."""

    def make(learner: Any) -> Runner:
        ask = InProcess(learner)
        known: dict[str, list[bytes]] = {}

        def recording(request: bytes) -> bytes:
            reply = ask(request)
            known.setdefault(_shape(request), []).append(reply)
            return reply

        run_check(exercise, recording, 10**6)

        def runner(request: bytes) -> bytes:
            replies = known.get(_shape(request))
            if not replies:
                return wire.encode({"error": {"type": "KeyError", "message": "never asked"}})
            replies.append(replies.pop(0))
            return replies[-1]

        return runner

    return make


def over_arrays(change: Callable[[np.ndarray], np.ndarray], value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return change(value) if value.dtype.kind == "f" else value
    if isinstance(value, list):
        return [over_arrays(change, item) for item in value]
    if isinstance(value, dict):
        return {name: over_arrays(change, item) for name, item in value.items()}
    return 0.0 if isinstance(value, float) else value


EMPTY: dict[str, Callable[[Any], Runner]] = {
    "zero": _changed(torch.zeros_like),
    "zero with a graph": _changed(lambda r: 0 * r),
    "constant": _changed(lambda r: torch.full_like(r, 0.7)),
    "noise bomb, or zero": _changed(_bomb),
    "exact plus dust": _exact_with_dust,
}


def empty(exercise: str) -> dict[str, Runner]:
    """The runners of an exercise's answers that hold nothing right."""
    answer = next(
        one for one in corpus(EXERCISES[exercise].unit) if one.exercise == exercise and one.right
    )
    kinds = {**EMPTY, "memorised": _memorised(exercise)}
    return {kind: make(answer.load()) for kind, make in kinds.items()}


def earned(exercise: str, seeds: Iterable[int] = (1, 2)) -> list[Earned]:
    """What answers that hold nothing right earn."""
    found = []
    for kind, runner in empty(exercise).items():
        for seed in seeds:
            for part in run_check(exercise, runner, seed).parts:
                share = 1.0 if part.finding.ok else 0.0
                if share:
                    found.append(Earned(exercise, kind, part.name, share, seed))
    return found
