"""What is measured: an exercise, its right answers and its check.

All that this package needs of the engine passes through here.
"""

from __future__ import annotations

import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch

from autograder.audit.corpus import UNITS, corpus
from autograder.checking import run_check
from autograder.checks.finding import UNNAMED
from autograder.checks.probe import InProcess
from autograder.protocol import agent, wire
from autograder.units import EXERCISES

__all__ = ["Parent", "Subject", "Verdict", "coded", "declaration_path", "fingerprint", "subject"]

Request = dict[str, Any]
OWN = {
    f"autograder.audit.mutants.{name}"
    for name in (
        "around",
        "bank",
        "chance",
        "equivalence",
        "mutant",
        "operators",
        "standing",
        "tree",
        "wrappers",
    )
}


class Verdict(NamedTuple):
    """What a check said: full marks or not, and the mistakes named, each ``"part key"``."""

    passed: bool
    names: frozenset[str]


class Parent(NamedTuple):
    """A right answer: its name in the corpus, and its source."""

    name: str
    source: str


@dataclass(frozen=True)
class Subject:
    """An exercise with its right answers."""

    exercise: str
    unit: str
    function: str
    parents: tuple[Parent, ...]

    def grade(self, learner: Any, seed: int) -> Verdict:
        """The check's verdict on a learner's object."""
        report = run_check(self.exercise, InProcess(learner), seed)
        told = [(index, part.finding) for index, part in enumerate(report.parts)]
        names = frozenset(
            f"{index} {finding.diagnosis}"
            for index, finding in told
            if not finding.ok
            and finding.diagnosis not in UNNAMED
            and not finding.diagnosis.startswith("raises")
        )
        return Verdict(report.passed, names)

    def recorded(self, learner: Any, seeds: range) -> list[Request]:
        """What the check asks of this learner's object, on these seeds."""
        requests: list[bytes] = []
        inner = InProcess(learner)

        def runner(request: bytes) -> bytes:
            requests.append(request)
            return inner(request)

        for seed in seeds:
            run_check(self.exercise, runner, seed)
        return [wire.decode(request) for request in requests]

    @staticmethod
    def reply(request: Request, learner: Any) -> dict[str, Any]:
        """What is answered to a request: ``value``, perhaps ``gradient``, or ``error``."""
        return agent.answer(request, learner)


def coded(unit: str = "", exercise: str = "") -> list[str]:
    """The exercises answered in code: of a unit whose name begins so, or one by its name."""
    return [
        name
        for name, row in EXERCISES.items()
        if not row.written and row.unit.startswith(unit) and exercise in ("", name, name[3:])
    ]


def subject(exercise: str) -> Subject:
    """The exercise with the right answers of the corpus."""
    row = EXERCISES[exercise]
    right = [item for item in corpus(row.unit) if item.exercise == exercise and item.right]
    parents = tuple(Parent(answer.short, answer.source) for answer in right)
    return Subject(exercise, row.unit, row.function, parents)


def declaration_path(unit: str) -> Path:
    """Where a unit declares how alike its answers are, and argues for what survives."""
    return UNITS / f"unit_{unit[:2]}" / "mutants.toml"


def fingerprint(subject: Subject) -> str:
    """A hash of all that decides a result: check, engine, right answers, operators.

    Files of other units are left out, unless a file of this unit names them.
    """
    found = {
        name: _text(module)
        for name, module in sorted(sys.modules.items())
        if name.startswith(("autograder.", "course_vi"))
        and (not name.startswith("autograder.audit.mutants") or name in OWN)
    }
    number = subject.unit[:2]
    mine = [text for name, text in found.items() if _unit(name) == number]
    used = [
        name for name in found if _unit(name) in ("", number) or any(name in text for text in mine)
    ]
    parts = [
        torch.__version__,
        *(f"{name}\n{found[name]}" for name in used),
        *(parent.source for parent in subject.parents),
    ]
    path = declaration_path(subject.unit)
    parts.append(path.read_text("utf-8") if path.exists() else "")
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _unit(module: str) -> str:
    """The number of the unit to which a module belongs, by its name."""
    found = re.search(r"\bu(?:nit_)?(\d\d)(?=_|\.|$)", module)
    return found[1] if found else ""


def _text(module: Any) -> str:
    path = getattr(module, "__file__", None)
    return Path(path).read_text("utf-8") if path and path.endswith(".py") else ""
