"""Standing wrong answers: tricks that every exercise must refuse.

They are made of any right answer, and need no author.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from autograder.audit.mutants.around import Call, everywhere, over_tensors
from autograder.audit.mutants.mutant import Mutant

__all__ = ["AVERAGES", "STANDING", "WARMED", "standing"]

REPLICATES = 16
DUST = 1e-3
BOMB = 1e3
WARMED = {"memorised"}  # those that have seen the questions of another seed before they are asked


def standing(answer: str, source: str, function: str, trains: bool = False) -> list[Mutant]:
    """One wrong answer of each kind, as mutants of a right one.

    An average over replicates cheats where an estimate is asked for; to train longer is no fault.
    """

    def wrap(make: Callable[[], Call]) -> Callable[[Any], Any]:
        return lambda learner: everywhere(learner, make)

    made = STANDING if trains else {**STANDING, **AVERAGES}
    return [
        Mutant(answer, "standing", name, source, function, wrap(make))
        for name, make in made.items()
    ]


def _result(change: Callable[[Tensor], Tensor]) -> Callable[[], Call]:
    return lambda: lambda function, args, kwargs: over_tensors(change, function(*args, **kwargs))


def _memorised() -> Call:
    """Each shape of question is answered once, and its first answer given ever after."""
    kept: dict[str, Any] = {}

    def call(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        key = repr(
            [
                tuple(value.shape) if isinstance(value, Tensor) else type(value)
                for value in (*args, *kwargs.values())
            ]
        )
        result = function(*args, **kwargs)
        first = kept.setdefault(key, over_tensors(lambda r: r.detach().clone(), result))
        return over_tensors(lambda r: r.clone(), first)

    return call


def _average(replicates: int, dust: float) -> Call:
    """The mean of many calls, in value and gradient: where the answer draws, no estimate."""

    def call(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        results = [function(*args, **kwargs) for _ in range(replicates)]
        leaves = [_leaves(result) for result in results]
        means = iter(
            [
                torch.stack(column).mean(0)
                if len({item.shape for item in column}) == 1
                else column[0]
                for column in zip(*leaves, strict=False)
            ]
        )

        def mean(r: Tensor) -> Tensor:
            average = next(means)
            return average + dust * torch.randn_like(average) if dust else average

        return over_tensors(mean, results[0])

    return call


def _leaves(value: Any) -> list[Tensor]:
    found: list[Tensor] = []

    def keep(r: Tensor) -> Tensor:
        found.append(r)
        return r

    over_tensors(keep, value)
    return found


def _destroyed() -> Call:
    def call(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        result = function(*args, **kwargs)
        for value in (*args, *kwargs.values()):
            if isinstance(value, Tensor) and value.is_floating_point():
                value.detach().mul_(2)
        return result

    return call


def _noisy_gradient(r: Tensor) -> Tensor:
    return r.detach() + (r - r.detach()) * (1 + BOMB * torch.randn_like(r))


STANDING: dict[str, Callable[[], Call]] = {
    "zero": _result(lambda r: 0 * r.detach()),
    "constant": _result(lambda r: torch.full_like(r, 0.7)),
    "memorised": _memorised,
    "batch average": _result(lambda r: r.mean(-1, keepdim=True).expand_as(r) if r.dim() else r),
    "noise bomb": _result(lambda r: r + BOMB * torch.randn_like(r)),
    "noise bomb in the gradient": _result(_noisy_gradient),
    "arguments destroyed": _destroyed,
}
AVERAGES: dict[str, Callable[[], Call]] = {
    "hidden average": lambda: _average(REPLICATES, 0.0),
    "exact plus dust": lambda: _average(REPLICATES, DUST),
}
