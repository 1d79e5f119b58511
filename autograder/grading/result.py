"""What is said of one submission: its points, or in one line why there are none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["BUSY", "Result", "reason", "short", "trouble"]

BUSY = 60  # seconds to wait for a gradebook that another program has locked
TROUBLE = {
    "Cannot add or remove": "cells were added or removed since the first submission was graded, and nbgrader keeps the cells of a "
    "graded assignment. To drop an exercise, leave its cells and make it worth 0 points; to add one, grade into a new folder "
    "(--class), where submitted/ is copied to",
    "No space left on device": "the disk is full",
    "File too large": "a file could not grow: the disk, or a quota, is full",
    "database or disk is full": "the disk is full",
    "disk I/O error": "the gradebook could not be written: a full or failing disk",
    "database is locked": "the gradebook stayed locked by another program, longer than we wait",
    "Connection refused": "the gradebook's server does not answer",
    "No such taskcomment": "the gradebook does not know this submission any more: while it was being graded, another program emptied the "
    "class's folder or replaced its gradebook",
    "server closed the connection": "the gradebook's server went away",
    "terminating connection": "the gradebook's server went away",
}


@dataclass
class Result:
    """One line of the class: points by exercise (None where a person must mark), or why there are none.

    ``signs``: by exercise, ``*`` where a person has overruled the checks, ``+`` where extra credit was given.
    """

    student: str
    points: dict[str, float | None] = field(default_factory=dict)
    failure: str = ""
    status: str = "graded"
    repairs: tuple[str, ...] = ()
    seconds: float = 0.0
    late: float = 0.0
    signs: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> float:
        return sum(points for points in self.points.values() if points is not None) - self.late

    def differs(self, promised: Mapping[str, float] | None) -> list[str]:
        """Where the scores are not what was promised, in words."""
        if promised is None or self.failure:
            return (
                []
                if promised is None and self.failure
                else [self.failure or "graded, though it kills its kernel"]
            )
        return [
            f"{name}: {short(self.points.get(name))} instead of {short(wanted)}"
            for name, wanted in promised.items()
            if self.points.get(name) is None or abs((self.points[name] or 0.0) - wanted) > 1e-9
        ]

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Result:
        """The row that a line of the log tells of."""
        return cls(
            record["student"],
            record["points"],
            record["reason"],
            record["status"],
            tuple(record["repairs"]),
            0.0,
            record["late"],
        )


def short(points: float | None) -> str:
    """Points as a table shows them."""
    return "by hand" if points is None else f"{points:.4g}"


def trouble(log: str) -> str:
    """What went wrong with the machine rather than with the submission; it is tried again at the next run."""
    return next((says for sign, says in TROUBLE.items() if sign in log), "")


def reason(log: str) -> str:
    """Why a submission could not be graded, in a line: trouble with the machine, or the last error that nbgrader logged."""
    names = [
        line.strip() for line in log.splitlines() if "Error" in line and not line.startswith("[")
    ]
    return "not graded: " + (
        trouble(log) or (names[-1][:160] if names else "nbgrader gave no reason")
    )
