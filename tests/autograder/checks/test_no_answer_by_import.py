"""No answer of an exercise can be had by importing it: everything public in `course_vi` is handed in, and judged.

What a unit hides is left out: in a kernel that is graded it raises (`test_edition.py`). Most names fail the first part of
a check, and no failure is looked into: 48 exercises times 900 names take minutes, not an hour.
"""

from __future__ import annotations

import importlib
import pkgutil
import resource
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from sampled import seldom

import course_vi
from autograder import checking
from autograder.checks.probe import InProcess
from autograder.units import EXERCISES

# Figures that are drawn from an answer are hidden by name (tests/autograder/execution/test_edition.py); a learner's record writes files.
LEFT_OUT = "course_vi.plots", "course_vi.progress"
WHOLE = {name: exercise for name, exercise in EXERCISES.items() if not exercise.written}


def offered() -> dict[str, Callable[..., Any]]:
    """Every public function, class and method of the core, once, by "module:name" of the place where it is defined."""
    found: dict[str, Callable[..., Any]] = {}
    for module in pkgutil.walk_packages(course_vi.__path__, "course_vi."):
        if module.name.startswith(LEFT_OUT):
            continue
        loaded = importlib.import_module(module.name)
        for name in getattr(loaded, "__all__", [name for name in vars(loaded) if name[0] != "_"]):
            value = getattr(loaded, name)
            if isinstance(value, type):
                methods = [getattr(value, each) for each in vars(value) if each[0] != "_"]
            else:
                methods = []
            for each in (value, *methods):
                if callable(each) and getattr(each, "__module__", "").startswith("course_vi"):
                    place = each.__module__.removeprefix("course_vi.")
                    found[f"{place}:{each.__qualname__}"] = each
    return found


OFFERED = offered()


def test_the_whole_core_is_offered() -> None:
    assert len(OFFERED) > 900
    assert {
        "gradients.path:sticking_the_landing",
        "learning.fit:fit",
        "mini_vi:iwae",
        "graph.bayes_net:BayesNet.markov_blanket",
    } <= set(OFFERED)


@pytest.fixture
def four_gigabytes_more() -> Iterator[None]:
    """A number taken for a size may ask for all memory there is: no more than this, and then a MemoryError."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 4 * 2**30, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.mark.usefixtures("four_gigabytes_more")
def test_what_asks_for_all_memory_is_stopped() -> None:
    with pytest.raises((MemoryError, RuntimeError), match="memory"):
        torch.zeros(2**31, dtype=torch.float64)


def passes(name: str, value: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether a check accepts it: its first part alone, and all of them where that one does."""
    whole = WHOLE[name]
    for asked in (replace(whole, parts=whole.parts[:1]), whole):
        monkeypatch.setitem(EXERCISES, name, asked)
        if not checking.run_check(name, InProcess(value), 1).passed:
            return False
    return True


@pytest.mark.slow
@pytest.mark.usefixtures("four_gigabytes_more")
@pytest.mark.parametrize(
    "exercise", [pytest.param(name, marks=seldom(name, one_in=5)) for name in WHOLE]
)
def test_nothing_that_can_be_imported_is_the_answer(
    exercise: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "diagnose", lambda asked, known: asked.finding)
    hidden = set(WHOLE[exercise].hides)
    passed = [
        place
        for place, value in OFFERED.items()
        if place not in hidden and passes(exercise, value, monkeypatch)
    ]
    assert not passed, f"{exercise} hides {sorted(hidden)}, and these are the answer: {passed}"
