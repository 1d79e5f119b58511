"""``check("09_gaussian_path_derivative", my_function)``: run a check and show it."""

from __future__ import annotations

import hashlib
import secrets
import time
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from autograder.agent import last_own_line
from autograder.check_arguments import looked_up, remark
from autograder.checks import CHECKS, Part
from autograder.evidence import Finding
from autograder.exercises import EXERCISES, Exercise
from autograder.missing_names import missing_name
from autograder.plain_text import plain_text
from autograder.probes import InProcess, LearnerError, Probe, Runner
from autograder.report import PartResult, Report
from autograder.stumbles import NOTHING_RETURNED, first_line, likely_cause

__all__ = ["check", "run_check"]

MAX_TEXT = 2000  # characters of what the learner's code printed
MAX_KIND = 80  # of an exception's name


def check(exercise: str, learner: Any, seed: int | None = None) -> Report:
    """Test your answer to an exercise, on fresh inputs.

    Args:
        exercise: its name, as written above the cell, such as ``"09_gaussian_path_derivative"``.
        learner: your function or class itself, not a call of it.
        seed: repeats the inputs of an earlier report; fresh ones by default.

    Returns:
        A ``Report``. In a notebook, leave it as the last line of a cell; elsewhere, print it.
    """
    asked = looked_up(exercise, learner)
    seed = secrets.randbelow(10**6) if seed is None else seed
    had_gradients, start = torch.is_grad_enabled(), time.perf_counter()
    try:
        report = run_check(exercise, InProcess(learner), seed)
    except KeyboardInterrupt as error:
        seconds = time.perf_counter() - start
        return Report(asked, (), seed, seconds, interrupted=_interrupted(error, seconds))
    return (
        report if report.passed else replace(report, remark=remark(asked, learner, had_gradients))
    )


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
    exercise, definition = EXERCISES[name], CHECKS[name]
    results: list[PartResult] = []
    printed: list[str] = []
    trials: list[tuple[str, int, float]] = []
    for index, part in enumerate(definition.parts):
        number = int.from_bytes(
            hashlib.sha256(f"{name}/{index}/{seed}".encode()).digest()[:8], "little"
        )
        probe, rng = Probe(runner, number, stage), np.random.default_rng(number + 1)
        finding = _found(part, probe, rng, exercise)
        results.append(PartResult(part.name, part.weight, finding, part.read or exercise.read))
        printed += probe.printed
        trials += [(part.name, stage_, statistic) for stage_, statistic in probe.trials]
    seconds = time.perf_counter() - start
    told = plain_text("\n".join(dict.fromkeys(printed)), MAX_TEXT)
    return Report(exercise, tuple(results), seed, seconds, told, tuple(trials))


def _found(part: Part, probe: Probe, rng: np.random.Generator, exercise: Exercise) -> Finding:
    try:
        finding = part.run(probe, rng)
    except LearnerError as error:
        return _not_written(error) if error.unwritten else _raised(error, exercise)
    except Exception as error:  # what came back was so odd that the check itself stumbled over it
        came = f"something that could not be read ({type(error).__name__}: {error})"[:300]
        shapes = "Return tensors of the shapes that the exercise names."
        finding = Finding(False, "numbers that can be compared", came, "unreadable", shapes)
    return (
        finding
        if finding.ok or not probe.returned_none
        else replace(finding, says=NOTHING_RETURNED)
    )


def _not_written(error: LearnerError) -> Finding:
    return Finding(
        False, came=f"this case is not yet written: {error.where}", diagnosis="unwritten"
    )


def _raised(error: LearnerError, exercise: Exercise) -> Finding:
    where = f", at {error.where}" if error.where else ""
    kind = plain_text(error.kind, MAX_KIND)
    known = missing_name(error.message, exercise) if kind == "NameError" else ""
    came = f"{kind}: {first_line(error.message)}{where}"
    return Finding(
        False, "a value", came, f"raises_{kind}", known or likely_cause(kind, error.message)
    )


def _interrupted(error: KeyboardInterrupt, seconds: float) -> str:
    where, _ = last_own_line(error)
    return f"Interrupted after {seconds:.0f} s, " + (
        f"in {where}" if where else "outside of your code."
    )
