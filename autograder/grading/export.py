"""Grades as nbgrader's CSV, with reasons; ``lms`` writes what Canvas and Moodle import.

python -m autograder export                every unit, autograder/class.data/grades.csv
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.grading.class_folder import Classroom

__all__ = ["Mark", "marks", "plain", "read_csv", "tame", "write_csv"]

COLUMNS = ("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score", "late_submission_penalty",
           "score", "max_score", "reason")  # fmt: skip


@dataclass(frozen=True)
class Mark:
    """What a student has in a unit; ``score`` is after the penalty, and None where there is no grade."""

    student: str
    unit: str
    score: float | None
    most: float
    raw: float = 0.0
    penalty: float = 0.0
    waiting: bool = False
    reason: str = ""
    name: tuple[str, str] = ("", "")
    email: str = ""
    lms: str = ""
    due: str = ""
    when: str = ""


def marks(group: Classroom, unit: str) -> list[Mark]:
    """Everyone who handed in or is in the gradebook, by id."""
    from nbgrader.api import MissingEntry

    latest = group.ledger(unit).latest()
    found = {}
    with group.gradebook() as gradebook:
        try:
            assignment = gradebook.find_assignment(unit)
        except MissingEntry:
            return []
        handed_in = {submission.student_id: submission for submission in assignment.submissions}
        for student in gradebook.students:
            submission, record = handed_in.get(student.id), latest.get(student.id, {})
            reason = record.get("reason", "") if record else "" if submission else "not handed in"
            raw = float(submission.score) if submission else 0.0
            penalty = float(submission.late_submission_penalty or 0.0) if submission else 0.0
            found[student.id] = Mark(
                student.id, unit, None if reason else max(0.0, raw - penalty), float(assignment.max_score), raw, penalty,
                bool(submission and submission.needs_manual_grade and not reason), reason,
                (student.first_name or "", student.last_name or ""), student.email or "", student.lms_user_id or "",
                str(assignment.duedate or ""), str(submission.timestamp or "") if submission else "",
            )  # fmt: skip
        for student, record in latest.items():
            if student not in found:
                found[student] = Mark(
                    student, unit, None, float(assignment.max_score), reason=record["reason"]
                )
    return [found[student] for student in sorted(found)]


def plain(group: Classroom, path: Path, units: Sequence[str] = ()) -> Path:
    """nbgrader's columns and a reason, one line per student and unit. A missing grade counts as nothing, as nbgrader has it."""
    with group.gradebook() as gradebook:
        units = list(units) or sorted(assignment.name for assignment in gradebook.assignments)
    rows = []
    for unit in units:
        for mark in marks(group, unit):
            values = (unit, mark.due, mark.when, mark.student, mark.name[1], mark.name[0], mark.email, mark.raw, mark.penalty,
                      mark.score or 0.0, mark.most, mark.reason)  # fmt: skip
            rows.append([tame(value) if isinstance(value, str) else value for value in values])
    return write_csv(path, [list(COLUMNS), *rows])


def tame(text: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t" and text else text


def read_csv(path: Path) -> list[list[str]]:
    """The lines of a CSV that are not empty."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        return [line for line in csv.reader(file) if line]


def write_csv(path: Path, rows: Iterable[Sequence[object]]) -> Path:
    """Write lines, whole or not at all: a file that is read by others is never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    with new.open("w", newline="", encoding="utf-8", errors="replace") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    return new.replace(path)
