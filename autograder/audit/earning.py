"""Answers that hold nothing right, of every exercise: none may earn a point.

They are made of any right answer, by machine: its results keep their shapes, and lose everything else. What a report gives
for them is given for nothing. Others of the standing wrong answers hold something right, and may earn what that is worth
(``audit.mutants.standing``): of those it is only asked that none gets full marks.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import pyro
import torch
from torch import Tensor, nn

from autograder.audit.corpus import corpus
from autograder.audit.mutants.around import Call, everywhere
from autograder.audit.mutants.declared import declaration
from autograder.audit.mutants.subject import declaration_path
from autograder.checking import run_check
from autograder.checks.probe import InProcess, Runner
from autograder.protocol import wire

__all__ = ["EMPTY", "Earned", "earned", "empty"]

GROUP = 8  # replicates that are averaged in secret: a divisor of any round number
MANY = 100  # rows from which a question is one for a mean
BOMB, DUST = 1e9, 1e-6
OTHER_SEED = 10**6  # of the check whose answers are learned by heart

PROGRAMS = {  # what they sample is the answer, and not what they return
    "14_convex_guide",
    "14_exact_guide",
    "14_hierarchy",
    "14_subsampling",
}

CODERS = {"19_bits_back", "19_layered_latents"}  # what they do to a stack is the answer

UNKNOWN = {"type": "KeyError", "message": "never asked", "where": "", "own": True}

Change = Callable[[Tensor], Tensor]


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


def _emptied(change: Change, value: Any) -> Any:
    """A result of the same form: tensors and floats changed, everything else as little as there can be of it."""
    if isinstance(value, Tensor):
        return change(value) if value.is_floating_point() else torch.zeros_like(value)
    if isinstance(value, float):
        return change(torch.tensor(value, dtype=torch.float64)).item()
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_emptied(change, item) for item in value))
    if isinstance(value, (list, tuple)):
        return type(value)(_emptied(change, item) for item in value)
    if isinstance(value, dict):
        return {name: _emptied(change, item) for name, item in value.items()}
    if callable(value):
        return lambda *args, **kwargs: _emptied(change, value(*args, **kwargs))
    return type(value)() if isinstance(value, (bool, int, str, set, frozenset)) else value


def _changed(change: Change) -> Callable[[Any], Runner]:
    """What is called still computes; what it returns is emptied, and the parameters that it was given to train are as they were."""

    def call(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        given = [value for value in (*args, *kwargs.values()) if isinstance(value, nn.Module)]
        before = [(p, p.detach().clone()) for module in given for p in module.parameters()]
        result = _emptied(change, function(*args, **kwargs))
        with torch.no_grad():
            for parameter, value in before:
                if not torch.equal(parameter, value):
                    parameter.copy_(value)
        return result

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
    zero = _changed(torch.zeros_like)(learner)

    def runner(request: bytes) -> bytes:
        question = wire.decode(request)
        if question["kind"] != "gradient":
            return zero(request)
        reply = wire.decode(ask(request))
        if "error" not in reply:
            reply["value"] = np.zeros_like(reply["value"])
            for name, rows in reply["gradient"].items():
                many = bool(rows.ndim and (question.get("blocks") or len(rows) > MANY))
                mean = rows.mean(0) if many else np.zeros(rows.shape)
                dust = many * DUST * rng.standard_normal(rows.shape)
                reply["gradient"][name] = np.broadcast_to(mean, rows.shape) + dust
        return wire.encode(reply)

    return runner


def _memorised(exercise: str) -> Callable[[Any], Runner]:
    """What is asked is answered as it was in another check: learned by heart, or typed in."""

    def make(learner: Any) -> Runner:
        learning = [True]
        by_heart = InProcess(everywhere(learner, lambda: _remembering(learning)))
        known: dict[str, bytes] = {}

        def runner(request: bytes) -> bytes:
            question = wire.decode(request)
            if question["kind"] == "drive":
                return by_heart(request)
            form = repr(_form(question))
            if learning and form not in known:
                known[form] = by_heart(request)
            return known.get(form) or wire.encode({"error": UNKNOWN, "printed": ""})

        run_check(exercise, runner, OTHER_SEED)
        learning.clear()
        return runner

    return make


def _remembering(learning: list[bool]) -> Call:
    """Each form of a question is answered once, while there is learning, and its first answer given ever after."""
    kept: dict[str, Any] = {}

    def call(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        key = repr((_form(list(args)), _form(kwargs)))
        if key not in kept and not learning:
            raise KeyError("never asked")
        if key not in kept:
            kept[key] = function(*args, **kwargs)
        return kept[key]

    return call


def _form(value: Any) -> Any:
    """What is asked, but for the numbers."""
    if isinstance(value, (np.ndarray, Tensor)):
        return tuple(value.shape)
    if isinstance(value, dict):
        return {name: _form(value[name]) for name in sorted(value, key=str)}
    if isinstance(value, (list, tuple)):
        return [_form(item) for item in value]
    return value if isinstance(value, str) else type(value).__name__


EMPTY: dict[str, Callable[[Any], Runner]] = {
    "zero": _changed(torch.zeros_like),
    "zero with a graph": _changed(lambda r: 0 * r),
    "constant": _changed(lambda r: torch.full_like(r, 0.7)),
    "noise bomb, or zero": _changed(_bomb),
    "exact plus dust": _exact_with_dust,
}


def _unheard(learner: Any) -> Runner:
    """A program runs and returns what it did, and no handler outside hears of its sites."""

    def run(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        with pyro.poutine.block():
            return function(*args, **kwargs)

    return _all_through(learner, run)


def _on_copies(learner: Any) -> Runner:
    """A coder returns what it did, and did it to a copy: the stack that it was handed stays as it was."""
    return _all_through(
        learner, lambda function, args, kwargs: function(*copy.deepcopy(args), **kwargs)
    )


def _all_through(learner: Any, run: Callable[..., Any]) -> Runner:
    """The answer, with every call of it and of functions that it returns made by ``run``."""

    def call(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return hushed(run(function, args, kwargs))

    def hushed(result: Any) -> Any:
        if isinstance(result, (tuple, list)):
            return type(result)(map(hushed, result))
        if callable(result) and not isinstance(result, (Tensor, nn.Module)):
            return lambda *args, **kwargs: call(result, args, kwargs)
        return result

    return InProcess(everywhere(learner, lambda: call))


def _right(exercise: str) -> Any:
    return next(one for one in corpus() if one.exercise == exercise and one.right).load()


def empty(exercise: str) -> dict[str, Runner]:
    """The runners of an exercise's answers that hold nothing right."""
    kinds: dict[str, Callable[[Any], Runner]] = dict(EMPTY)
    if exercise in PROGRAMS:
        kinds = {"unheard": _unheard}
    if exercise in CODERS:
        kinds = {"on copies": _on_copies}
    if not declaration(declaration_path(exercise), exercise).open_ended:  # else any is right
        kinds["memorised"] = _memorised(exercise)
    return {kind: make(_right(exercise)) for kind, make in kinds.items()}


class HiddenAverage:
    """A right answer whose gradients of many replicates are averaged in groups: right but where a spread is asked for.

    Attributes:
        cheated: whether there was anything to average.
    """

    def __init__(self, learner: Any) -> None:
        self.ask, self.cheated = InProcess(learner), False

    def __call__(self, request: bytes) -> bytes:
        reply = wire.decode(self.ask(request))
        for name, rows in reply.get("gradient", {}).items():
            if rows.ndim and len(rows) > MANY and len(rows) % GROUP == 0:
                groups = rows.reshape(-1, GROUP, *rows.shape[1:])
                mean = np.broadcast_to(groups.mean(1, keepdims=True), groups.shape)
                reply["gradient"][name] = np.ascontiguousarray(mean.reshape(rows.shape))
                self.cheated = True
        return wire.encode(reply)


def earned(exercise: str, seeds: Iterable[int] = (1, 2)) -> list[Earned]:
    """What answers that hold nothing right earn; and full marks of one that averages over replicates in secret."""
    found = []
    for kind, runner in empty(exercise).items():
        for seed in seeds:
            for part in run_check(exercise, runner, seed).parts:
                if part.share:
                    found.append(Earned(exercise, kind, part.name, part.share, seed))
    for seed in seeds:
        average = HiddenAverage(_right(exercise))
        if run_check(exercise, average, seed).passed and average.cheated:
            found.append(Earned(exercise, "hidden average", "the whole", 1.0, seed))
    return found
