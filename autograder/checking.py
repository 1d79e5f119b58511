"""``check("09_gaussian_path_derivative", my_function)``: run a check in this process and show what it found."""

from __future__ import annotations

import hashlib
import secrets
import time
import warnings
from typing import Any

import numpy as np

from autograder.checks.compare import Finding
from autograder.checks.diagnose import Asked, Fresh, diagnose
from autograder.checks.error_hints import first_line, likely_cause
from autograder.checks.probe import InProcess, LearnerError, Probe, Runner
from autograder.checks.report import PartResult, Report
from autograder.units import EXERCISES

__all__ = ["check", "run_check"]


def check(exercise: str, learner: Any, seed: int | None = None) -> Report:
    """Test your answer to an exercise, on fresh inputs.

    Args:
        exercise: its name, as written above the cell, such as ``"09_gaussian_path_derivative"``.
        learner: your function or class itself, not a call of it.
        seed: repeats the inputs of an earlier report; fresh ones by default.

    Returns:
        A ``Report``. In a notebook, leave it as the last line of a cell; elsewhere, print it.
    """
    if exercise not in EXERCISES:
        raise ValueError(f"exercise is {exercise!r}; expected one of {', '.join(EXERCISES)}")
    if EXERCISES[exercise].written:
        raise ValueError(f"exercise {exercise!r} is answered in words and marked by a person; there is nothing to check here")
    if not callable(learner):
        raise TypeError(f"learner is a {type(learner).__name__}; expected your function itself: "
                        f'check("{exercise}", {EXERCISES[exercise].function}), without calling it')
    return run_check(exercise, InProcess(learner), secrets.randbelow(10**6) if seed is None else seed)


def run_check(exercise: str, runner: Runner, seed: int, stage: int | None = None) -> Report:
    """The same check through any runner: the learner's code may live in this process or in another.

    Nothing reaches stderr, neither from the learner's code nor from the check's own arithmetic on odd replies: a stock nbgrader gives
    no points to a cell that writes there.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return _run(exercise, runner, seed, stage)


def _run(exercise: str, runner: Runner, seed: int, stage: int | None) -> Report:
    start = time.perf_counter()
    unwritten = False
    definition = EXERCISES[exercise]
    done: list[Asked] = []
    for index, part in enumerate(definition.parts):
        asked = Asked(part, runner, _inputs(f"{exercise}/{index}/{seed}", stage, definition.number))
        try:
            asked.finding = Finding(False, diagnosis="unwritten") if unwritten else _without_memory(asked.run(), asked.probe)
        except LearnerError as error:
            unwritten = error.unwritten
            asked.finding = _not_written(definition.function) if unwritten else _raised(error)
        except Exception as error:  # what came back was so odd that the check itself stumbled over it
            came = f"something that could not be read ({type(error).__name__}: {error})"[:300]
            asked.finding = Finding(False, "numbers that can be compared", came,
                                    "unreadable", "Return tensors of the shapes that the exercise names.")
        done.append(asked)
    results = [PartResult(asked.part.name, asked.part.weight, diagnose(exercise, asked), asked.part.read or definition.read)
               for asked in done]  # after all parts, so that no question of a diagnosis can cost a part its time
    printed = "\n".join(dict.fromkeys(line for asked in done for line in asked.probe.printed))
    trials = tuple((asked.part.name, number, statistic) for asked in done for number, statistic in asked.probe.trials)
    return Report(definition, tuple(results), seed, time.perf_counter() - start, printed, unwritten, trials)


def _inputs(name: str, stage: int | None, unit: str) -> Fresh:
    """Makes the probe and the generator of a part; other numbers make others."""

    def fresh(runner: Runner, number: int) -> tuple[Probe, np.random.Generator]:
        text = f"{name}/{number}" if number else name
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
        return Probe(runner, seed, stage, unit), np.random.default_rng(seed + 1)

    return fresh


def _not_written(function: str) -> Finding:
    return Finding(False, f"an answer in {function}", "nothing yet: the stub still raises NotImplementedError", "unwritten",
                   "Replace the line that raises, run its cell, then run this one again.")


def _without_memory(finding: Finding, probe: Probe) -> Finding:
    """A part that was passed, or failed for no known reason, by a function that answers the same question in two ways."""
    if not probe.stateful or not (finding.ok or finding.diagnosis in ("", "value")):
        return finding
    return Finding(False, "the same answer to the same question, asked twice", "two different answers", "stateful",
                   "Your function remembers something between calls, or draws random numbers of its own where none are asked for. "
                   "Make everything it works with inside the function, from its arguments.")


def _raised(error: LearnerError) -> Finding:
    if error.kind == "ArgumentChanged":
        return Finding(False, "arguments that come back as they were handed over", error.message, "argument_changed",
                       "Your code works in place on what it was given: a -= b, a[0] = b, a.mul_(b), list.append and the like change the "
                       "caller's own. Work on a copy, a = a.clone(), or write a = a - b instead of a -= b.")
    where = f", at {error.where}" if error.where else ""
    came = f"{error.kind}: {first_line(error.message)}{where}"
    return Finding(False, "a value", came, f"raises_{error.kind}", likely_cause(error.kind, error.message))
