"""No answer of an exercise can be had by importing it: everything public in `course_vi` is handed in, and judged.

What a unit hides is left out: in a kernel that is graded it raises (`tests/test_edition.py`).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

import pytest

import course_vi
from autograder.checking import run_check
from autograder.checks.probe import InProcess
from autograder.units import EXERCISES

PACKAGES = tuple(
    f"course_vi.{room}" for room in ("plots", "progress", "pyro_twins", "preflight", "mini_vi")
)
CODED = [name for name, exercise in EXERCISES.items() if not exercise.written]


def offered() -> dict[str, Callable[..., Any]]:
    """Every public function and class of the core, once, by "module:name" of the place where it is defined."""
    found: dict[str, Callable[..., Any]] = {}
    for module in pkgutil.walk_packages(course_vi.__path__, "course_vi."):
        if module.name.startswith(PACKAGES):
            continue
        loaded = importlib.import_module(module.name)
        for name in getattr(loaded, "__all__", ()):
            value = getattr(loaded, name)
            if callable(value) and getattr(value, "__module__", "").startswith("course_vi"):
                found[f"{value.__module__.removeprefix('course_vi.')}:{value.__qualname__}"] = value
    return found


OFFERED = offered()


def test_the_whole_core_is_offered() -> None:
    assert len(OFFERED) > 200
    assert {"gradients.path:sticking_the_landing", "learning.fit:fit"} <= set(OFFERED)


@pytest.mark.slow
@pytest.mark.parametrize("exercise", CODED)
def test_nothing_that_can_be_imported_is_the_answer(exercise: str) -> None:
    hidden = set(EXERCISES[exercise].hides)
    passed = [
        place
        for place, value in OFFERED.items()
        if place not in hidden and run_check(exercise, InProcess(value), 1).passed
    ]
    assert not passed, f"{exercise} hides {sorted(hidden)}, and these are the answer: {passed}"
