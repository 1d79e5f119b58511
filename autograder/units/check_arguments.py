"""What is handed to ``check``: a name, a function, and with it the settings of a notebook."""

from __future__ import annotations

import difflib
from typing import Any

import torch

from autograder.units import EXERCISES, Exercise

__all__ = ["looked_up", "remark"]


def looked_up(name: Any, learner: Any) -> Exercise:
    """The exercise of that name, if there is one and ``learner`` can be an answer to it.

    Raises:
        TypeError: what was given is no name, or no function.
        ValueError: no exercise is called so, or a person marks it.
    """
    if not isinstance(name, str):
        raise TypeError(
            f"exercise is a {type(name).__name__}; expected a name in quotes and then your "
            "function, such as "
            f'check("{next(iter(EXERCISES))}", {next(iter(EXERCISES.values())).function})'
        )
    if name not in EXERCISES:
        raise ValueError(_unknown(name))
    exercise = EXERCISES[name]
    if exercise.written:
        raise ValueError(
            f"exercise {name!r} is answered in words and marked by a person; "
            "there is nothing to check here"
        )
    if not callable(learner):
        raise TypeError(
            f"learner is a {type(learner).__name__}; expected your function itself: "
            f'check("{name}", {exercise.function}), without calling it'
        )
    return exercise


def remark(exercise: Exercise, learner: Any, had_gradients: bool) -> str:
    """What explains every failure at once: another exercise's function, a setting of the notebook.

    Args:
        had_gradients: whether gradients were switched on before the check began.
    """
    return _of_gradients(had_gradients) or _of_precision() or _of_another(exercise, learner)


def _unknown(name: str) -> str:
    checked = [each for each, exercise in EXERCISES.items() if not exercise.written]
    close = difflib.get_close_matches(name, checked, 1)
    unit = [each for each in checked if each[:3] == (close[0] if close else name)[:3]]
    guess = f"did you mean {close[0]!r}? " if close else ""
    if unit:
        return f"exercise is {name!r}; {guess}This unit's are {', '.join(unit)}"
    return (
        f"exercise is {name!r}; expected a name as it stands above the cell, such as {checked[0]!r}"
    )


def _of_gradients(had_gradients: bool) -> str:
    if not had_gradients:
        return (
            "Gradients are switched off in this notebook (torch.set_grad_enabled(False)), "
            "and nothing can be differentiated. "
            "Run torch.set_grad_enabled(True), then this cell again."
        )
    if not torch.is_grad_enabled():
        return (
            "Your code switched gradients off and left them so. Run torch.set_grad_enabled(True), "
            "and write `with torch.no_grad():` around the lines that need none."
        )
    return ""


def _of_precision() -> str:
    dtype = torch.get_default_dtype()
    if dtype in (torch.float32, torch.float64):
        return ""
    return (
        f"New tensors are {dtype} in this notebook, which keeps two or three digits. "
        "Run torch.set_default_dtype(torch.float32), then this cell again."
    )


def _of_another(exercise: Exercise, learner: Any) -> str:
    name = getattr(learner, "__name__", "")
    if not name or name == exercise.function:
        return ""
    other = next(
        (
            each
            for each in EXERCISES.values()
            if each.unit == exercise.unit and each.function == name
        ),
        None,
    )
    if other is None:
        return ""
    return (
        f'You handed in `{name}`, which answers "{other.title}" ({other.id}); '
        f"this check is for `{exercise.function}`."
    )
