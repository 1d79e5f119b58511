"""``check("09_gaussian_path_derivative", my_function)``: run a check and show it."""

from __future__ import annotations

import functools
import hashlib
import secrets
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from autograder.checks import dictionary
from autograder.checks.diagnose import Asked, Fresh, diagnose
from autograder.checks.error_hints import NOTHING_RETURNED, first_line, likely_cause
from autograder.checks.exercise import Exercise
from autograder.checks.finding import Finding
from autograder.checks.plain_text import plain_text
from autograder.checks.probe import InProcess, LearnerError, Probe, Runner
from autograder.checks.report import PartResult, Report
from autograder.checks.sealed import SealedCase
from autograder.protocol.agent import last_own_line
from autograder.units import EXERCISES
from autograder.units.check_arguments import looked_up, remark
from autograder.units.missing_names import missing_name
from course_vi.progress import keep_report

__all__ = ["check", "run_check", "sealed_case"]

MAX_TEXT = 2000  # characters of what the learner's code printed
MAX_KIND = 80  # of an exception's name


def check(exercise: str, learner: Any, seed: int | None = None) -> Report:
    """Test your answer to an exercise, on fresh inputs.

    In a learner's folder the points are kept, for the learner alone (``course_vi.progress``); not those of a check with a ``seed``, which
    is a trial.

    Args:
        exercise: its name, as written above the cell, such as ``"09_gaussian_path_derivative"``.
        learner: your function or class itself, not a call of it.
        seed: repeats the inputs of an earlier report; fresh ones by default.

    Returns:
        A ``Report``. In a notebook, leave it as the last line of a cell; elsewhere, print it.
    """
    asked = looked_up(exercise, learner)
    trial = seed is not None
    seed = secrets.randbelow(10**6) if seed is None else seed
    had_gradients, start = torch.is_grad_enabled(), time.perf_counter()
    try:
        report = run_check(exercise, InProcess(learner), seed)
    except KeyboardInterrupt as error:
        seconds = time.perf_counter() - start
        return Report(asked, (), seed, seconds, interrupted=_interrupted(error, seconds))
    if not (report.unwritten or trial):
        keep_report(exercise, report.points, report.max_points, report.passed)
    return (
        report if report.passed else replace(report, remark=remark(asked, learner, had_gradients))
    )


def sealed_case(exercise: str, seed: int) -> SealedCase:
    """A case of an exercise in which sealed things are told apart, as its check draws them.

    ::

        case = sealed_case("05_sealed_case", seed=1)
        names = name_them(**case.given)
        print(case.open(names))

    Raises:
        ValueError: no exercise is called so, or nothing is sealed in it.
    """
    asked = EXERCISES.get(exercise)
    if asked is None or asked.sealed is None:
        there = [name for name, one in EXERCISES.items() if one.sealed is not None]
        raise ValueError(
            f"exercise is {exercise!r}; expected one with a sealed case: {', '.join(there)}"
        )
    return SealedCase(asked.sealed, seed)


def run_check(exercise: str, runner: Runner, seed: int, stage: int | None = None) -> Report:
    """The same check through any runner: the learner's code may live in this process or in another.

    Nothing reaches stderr, neither from the learner's code nor from the check's own arithmetic on
    odd replies: a stock nbgrader gives no points to a cell that writes there.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return _run(exercise, runner, seed, stage)


def _run(name: str, runner: Runner, seed: int, stage: int | None) -> Report:
    start = time.perf_counter()
    exercise = EXERCISES[name]
    done: list[Asked] = []
    for index, part in enumerate(exercise.parts):
        asked = Asked(part, runner, _inputs(f"{name}/{index}/{seed}", stage, exercise.number))
        asked.finding = _found(asked, exercise)
        done.append(asked)
    for asked, finding in zip(done, _counted(done), strict=True):
        asked.finding = finding
    known = functools.cache(lambda: dictionary.look_up(name, runner))  # once for all parts
    results = [  # after all parts, so that no question of a diagnosis can cost a part its time
        PartResult(
            asked.part.name,
            asked.part.weight,
            _diagnosed(asked, known),
            asked.part.read or exercise.read,
        )
        for asked in done
    ]
    lines = dict.fromkeys(line for asked in done for line in asked.probe.printed)
    trials = tuple(
        (asked.part.name, stage_, statistic)
        for asked in done
        for stage_, statistic in asked.probe.trials
    )
    seconds = time.perf_counter() - start
    return Report(
        exercise, tuple(results), seed, seconds, plain_text("\n".join(lines), MAX_TEXT), trials
    )


def _inputs(name: str, stage: int | None, unit: str) -> Fresh:
    """Makes the probe and the generator of a part; other numbers make others."""

    def fresh(runner: Runner, number: int) -> tuple[Probe, np.random.Generator]:
        text = f"{name}/{number}" if number else name
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
        return Probe(runner, seed, stage, unit), np.random.default_rng(seed + 1)

    return fresh


def _diagnosed(asked: Asked, known: Callable[[], str | None]) -> Finding:
    """The finding with its name; without one where what came is so odd that looking for a name stops."""
    try:
        return diagnose(asked, known)
    except Exception:
        return replace(asked.finding, got=None, want=None, columns=None, rests_on=None, loose=False)


def _found(asked: Asked, exercise: Exercise) -> Finding:
    try:
        finding = _without_memory(asked.run(), asked.probe)
    except LearnerError as error:
        return _not_written(error) if error.unwritten else _raised(error, exercise)
    except Exception as error:  # what came back was so odd that the check itself stumbled over it
        actual = f"something on which the comparison stopped ({type(error).__name__}: {error})"[
            :300
        ]
        shapes = (
            "Return tensors of the shapes that the exercise names. If that is what you return, "
            "the fault is the check's: please tell whoever gave you this notebook, with the seed."
        )
        finding = Finding(False, "numbers that can be compared", actual, "unreadable", shapes)
    return (
        finding
        if finding.ok or not asked.probe.returned_none
        else replace(finding, hint=NOTHING_RETURNED)
    )


def _counted(done: Sequence[Asked]) -> list[Finding]:
    """The findings; those that passed, or earned a share, count for nothing if a part that they need did not."""
    failed = {asked.part.run.__name__: asked.part.name for asked in done if not asked.finding.ok}
    found = []
    for asked in done:
        lost = [failed[name] for name in asked.part.needs if name in failed]
        found.append(
            Finding(
                False,
                f"it holds, and counts together with “{lost[0]}”",
                "that part failed",
                "not_counted",
            )
            if lost and (asked.finding.ok or asked.finding.share)
            else asked.finding
        )
    return found


def _without_memory(finding: Finding, probe: Probe) -> Finding:
    """A part that was passed, or failed for no known reason, by a function that answers the same question in two ways."""
    if not probe.stateful or not (finding.ok or finding.diagnosis in ("", "value")):
        return finding
    return Finding(
        False,
        "the same answer to the same question, asked twice",
        "two different answers",
        "stateful",
        "Your function remembers something between calls, or draws random numbers of its own where none are asked for. "
        "Make everything it works with inside the function, from its arguments.",
    )


def _not_written(error: LearnerError) -> Finding:
    return Finding(
        False,
        actual=f"this case still raises NotImplementedError: {error.where}",
        diagnosis="unwritten",
    )


def _raised(error: LearnerError, exercise: Exercise) -> Finding:
    if error.kind == "ArgumentChanged":
        return Finding(
            False,
            "arguments that come back as they were handed over",
            error.message,
            "argument_changed",
            "What the caller handed over is not as it was. Numbers and lists change in place (a -= b, a[0] = b, a.mul_(b), list.append): "
            "work on a copy, a = a.clone(), or write a = a - b. A tensor or a network may also keep a setting or a gradient that "
            "was not there (requires_grad_(), eval(), backward()).",
        )
    if error.kind == "GlobalStreamSeeded":
        return Finding(
            False,
            "random numbers from the generator or the seed that was handed over",
            error.message,
            "global_stream",
            "You seeded torch's global stream (torch.manual_seed), and whoever draws from it after you gets your numbers. Draw with "
            "torch.randn(..., generator=generator); from a seed, make one: torch.Generator().manual_seed(seed).",
        )
    where = f", at {error.where}" if error.where else ""
    kind = plain_text(error.kind, MAX_KIND)
    known = missing_name(error.message, exercise) if kind == "NameError" else ""
    actual = f"{kind}: {first_line(error.message)}{where}"
    return Finding(
        False, "a value", actual, f"raises_{kind}", known or likely_cause(kind, error.message)
    )


def _interrupted(error: KeyboardInterrupt, seconds: float) -> str:
    where, _ = last_own_line(error)
    return f"Interrupted after {seconds:.0f} s, " + (
        f"in {where}" if where else "outside of your code."
    )
