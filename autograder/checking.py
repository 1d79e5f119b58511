"""``check("09_gaussian_path_derivative", my_function)``: run a check in this process and show what it found."""

from __future__ import annotations

import hashlib
import secrets
import time
import warnings
from typing import Any

import numpy as np

from autograder.checks.compare import Finding
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
    results: list[PartResult] = []
    printed: list[str] = []
    trials: list[tuple[str, int, float]] = []
    unwritten = False
    asked = EXERCISES[exercise]
    for index, part in enumerate(asked.parts):
        number = int.from_bytes(hashlib.sha256(f"{exercise}/{index}/{seed}".encode()).digest()[:8], "little")
        probe, rng = Probe(runner, number, stage, asked.number), np.random.default_rng(number + 1)
        try:
            finding = Finding(False, diagnosis="unwritten") if unwritten else part.run(probe, rng)
        except LearnerError as error:
            unwritten = error.unwritten
            finding = _not_written(asked.function) if unwritten else _raised(error)
        except Exception as error:  # what came back was so odd that the check itself stumbled over it
            came = f"something that could not be read ({type(error).__name__}: {error})"[:300]
            finding = Finding(False, "numbers that can be compared", came,
                              "unreadable", "Return tensors of the shapes that the exercise names.")
        results.append(PartResult(part.name, part.weight, finding, part.read or asked.read))
        printed += probe.printed
        trials += [(part.name, number_, statistic) for number_, statistic in probe.trials]
    seconds = time.perf_counter() - start
    return Report(asked, tuple(results), seed, seconds, "\n".join(dict.fromkeys(printed)), unwritten, tuple(trials))


def _not_written(function: str) -> Finding:
    return Finding(False, f"an answer in {function}", "nothing yet: the stub still raises NotImplementedError", "unwritten",
                   "Replace the line that raises, run its cell, then run this one again.")


def _raised(error: LearnerError) -> Finding:
    where = f", at {error.where}" if error.where else ""
    came = f"{error.kind}: {first_line(error.message)}{where}"
    return Finding(False, "a value", came, f"raises_{error.kind}", likely_cause(error.kind, error.message))
