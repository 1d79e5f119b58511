"""The step of nbgrader's ``autograde`` that runs a submission: in a jail, with every verdict made outside of it.

``nbgrader_config.py`` names it, so ``nbgrader autograde``, Formgrader's button and ``make grade`` all take this road::

    c.Autograde.autograde_preprocessors = ["autograder.plugins.checked_execute.CheckedExecute", ...]

A cell that holds the check of an exercise is not run. Its inputs are drawn here, from the grader's secret and the student's name; the
learner's function is called on them in the kernel, arrays come back as bytes, and ``autograder.units`` decide here. The cell's outputs
are then written as nbgrader expects them: the report, and the points as the result.

**For a driver.** What happened is in ``nb.metadata["course_vi"]`` of the autograded notebook, plain JSON::

    {"level": "namespaces", "protects": [...], "memory": "counted", "kernel": "warm", "trusted": false,
     "seeds": {"03_gap": "e75cb14d", ...},
     "versions": {"python": ..., "torch": ...}, "points": {"03_gap": 1.0}, "diagnoses": {"03_gap": ["sign"]},
     "mistakes": {"03_gap": ["The sign is wrong."]},
     "efficiency": {"03_naive_elbo": {"value": 1.0, "low": 0.9, "high": 1.1, "reference": "the naive gradient", "others": {}}},
     "lost": ["cell 7: it ended itself with exit code 1"], "starts": 2, "seconds": {"start": ..., "cells": ..., "checks": ...}}

``autograder.jail.fork_client.shared()`` around a batch makes its workers share one warm parent (an environment variable
carries it to them).
``ParentError`` (an ``OSError``) means that our own machinery failed: grade that submission again. ``LevelRefused`` means that this
machine cannot protect itself; ``trusted = True`` overrules that, and is written into every grade. ``only = ["03_gap"]`` checks these
exercises alone and leaves the outputs of the other check cells as they are.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader import utils
from nbgrader.preprocessors import Execute
from traitlets import Bool, Dict, Enum, Float, List, Unicode

from autograder.checking import run_check
from autograder.checks.report import Report
from autograder.execution import secret
from autograder.execution.closed_book import room
from autograder.execution.kernel_runner import Asker
from autograder.execution.levels import Level, LevelRefused, choose
from autograder.execution.notebook_runner import Clock, Runner
from autograder.execution.own_memory import bounded
from autograder.execution.session import Session
from autograder.jail.fork_client import Parent, ParentError, runtime_dir
from autograder.units import EXERCISES

__all__ = ["CheckedExecute", "LevelRefused", "ParentError"]

VERSIONS = (
    "torch",
    "pyro-ppl",
    "numpy",
    "scipy",
    "zuko",
    "nbgrader",
    "ipykernel",
    "jupyter_client",
)


class CheckedExecute(Execute):
    """Runs a submission in a jailed kernel and checks it from outside. Takes the place of nbgrader's ``Execute``."""

    trusted = Bool(
        False, help="run even where the jail's level is too weak: --i-trust-these-submissions"
    ).tag(config=True)
    level = Enum(
        ["", "namespaces", "uid", "rlimits"],
        "",
        help="a level of the jail; empty: the strongest there is",
    ).tag(config=True)
    warm = Bool(True, help="fork kernels from a parent that has imported torch and Pyro").tag(
        config=True
    )
    secret_file = Unicode(str(secret.DEFAULT), help="where the grader's secret is kept").tag(
        config=True
    )
    course = Unicode("course_vi", help="the course's name, part of what seeds are made from").tag(
        config=True
    )
    smoke = Bool(True, help="train what is not marked for a few steps only").tag(config=True)
    figures = Bool(False, help="draw figures; their words stand in for them otherwise").tag(
        config=True
    )
    only = List(Unicode(), help="check these exercises alone; all if empty").tag(config=True)
    limits = Dict(
        help="overrides of autograder.jail.limits.Limits, such as {'memory': 2 << 30}"
    ).tag(config=True)
    call_timeout = Float(30.0, help="seconds for one call of a learner's function").tag(config=True)
    exercise_timeout = Float(120.0, help="seconds for all calls of one exercise").tag(config=True)
    notebook_timeout = Float(900.0, help="seconds for a whole submission").tag(config=True)

    def preprocess(
        self, nb: NotebookNode, resources: Any, km: Any = None
    ) -> tuple[NotebookNode, Any]:
        """Run and check ``nb`` in place. A kernel that died by our fault (``ParentError``) is tried once more, from the start."""
        names = resources.get("nbgrader", {})
        unit, student = str(names.get("assignment", "")), str(names.get("student", ""))
        for attempt in range(2):
            try:
                with bounded():
                    self._grade(nb, unit, student, (resources.get("metadata") or {}).get("path"))
                break
            except ParentError:
                if attempt:
                    raise
        return nb, resources

    def _grade(self, nb: NotebookNode, unit: str, student: str, path: str | None) -> None:
        edition, level, warm = self.prepare(unit)
        key = secret.load(Path(self.secret_file))
        work = secret.fingerprint(cell.source for cell in nb.cells if cell.cell_type == "code")
        seeds = {
            name: secret.seed(key, self.course, unit, student, name, work)
            for name in EXERCISES
            if EXERCISES[name].unit == unit
        }

        def verdict(exercise: str, asker: Asker) -> Report:
            return run_check(exercise, asker, seeds[exercise])

        clock = Clock(
            float(self.timeout or 120),
            self.call_timeout,
            self.exercise_timeout,
            self.notebook_timeout,
        )
        runner = Runner(
            nb,
            lambda: Session(
                edition,
                level.name,
                warm,
                path,
                self._limits(),
                float(self.startup_timeout),
                self._settings(),
            ),
            lambda cell: self._exercise(cell, seeds),
            verdict,
            lambda name: EXERCISES[name].function,
            clock,
            lambda name: not self.only or name in self.only,
        )
        reports = runner.run()
        for index, cell in enumerate(nb.cells):
            exercise = self._exercise(cell, seeds)
            if exercise in reports:
                cell.outputs = outputs(
                    reports[exercise],
                    float(cell.metadata.nbgrader.get("points", 0)),
                    runner.why(index),
                )
                cell.execution_count = None
        nb.metadata["course_vi"] = {
            **nb.metadata.get("course_vi", {}),
            **_about(level),
            "kernel": "warm" if warm else "cold",
            "seeds": {name: secret.seed_id(seeds[name]) for name in reports},
            **verdicts(reports),
            "lost": runner.notes.lost,
            "starts": runner.notes.starts,
            "seconds": {part: round(seconds, 3) for part, seconds in runner.notes.seconds.items()},
            "versions": versions(),
        }

    def prepare(self, unit: str) -> tuple[Path, Level, bool]:
        """The edition of a unit, the level of the jail, and whether kernels are warm: found out once for a batch and all its workers.

        Raises:
            LevelRefused: no level protects this machine, and nobody said that these submissions are trusted.
        """
        edition = room(unit, runtime_dir()[1])
        warm = self.warm and _warms(edition)
        return edition, choose(edition, self.level, self.trusted), warm

    def _limits(self) -> dict[str, int]:
        return {name: int(value) for name, value in self.limits.items()}

    def _settings(self) -> dict[str, str]:
        return {
            "COURSE_VI_SMOKE": "1" if self.smoke else "0",
            "COURSE_VI_FIGURES": "1" if self.figures else "0",
        }

    @staticmethod
    def _exercise(cell: NotebookNode, seeds: dict[str, int]) -> str | None:
        """The exercise whose check this cell is: a graded code cell of a known name, that is not the answer itself."""
        if cell.cell_type != "code" or not utils.is_grade(cell) or utils.is_solution(cell):
            return None
        name = cell.metadata.nbgrader.get("grade_id")
        return name if isinstance(name, str) and name in seeds and EXERCISES[name].parts else None


def outputs(report: Report, points: float, why: str = "") -> list[NotebookNode]:
    """A report as the outputs of its cell: for people, without the answers to hidden inputs; and for nbgrader, the points."""
    shown = report.without_answers(why)
    share = report.points / report.max_points if report.max_points else 0.0
    return [
        new_output(
            "display_data", data={"text/html": shown._repr_html_(), "text/plain": str(shown)}
        ),
        new_output(
            "execute_result",
            data={"text/plain": repr(round(min(1.0, max(0.0, share)) * points, 6))},
            execution_count=None,
        ),
    ]


def verdicts(reports: Mapping[str, Report]) -> dict[str, Any]:
    """What was decided, by exercise, as plain JSON: points, the keys of the mistakes recognised, and the sentences they are told in;
    and how efficient an estimator is, where one was measured."""
    return {
        "points": {name: report.points for name, report in reports.items()},
        "diagnoses": {name: list(report.diagnoses) for name, report in reports.items()},
        "mistakes": {
            name: [mistake.sentence for mistake in report.mistakes]
            for name, report in reports.items()
        },
        "efficiency": {
            name: found._asdict() | {"others": dict(found.others)}
            for name, report in reports.items()
            if (found := report.efficiency)
        },
    }


def _about(level: Level) -> dict[str, Any]:
    return {
        "level": level.name,
        "protects": sorted(level.protects),
        "memory": level.memory,
        "trusted": level.trusted,
    }


def _warms(edition: Path) -> bool:
    """Whether a warm parent can be had; if not, kernels are cold."""
    if sys.platform != "linux":
        return False  # elsewhere a process that has loaded so much may not fork
    try:
        Parent(edition, warm=True).start()
    except ParentError:
        return False
    return True


def versions() -> dict[str, str]:
    """Of what a verdict may depend on."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for name in VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
