"""Grades as files that others read: nbgrader's CSV with reasons, and what Canvas and Moodle import.

    python -m autograder export                                    every unit, autograder/class.data/grades.csv
    python -m autograder export 03 --canvas gradebook.csv          fill in a gradebook exported from Canvas
    python -m autograder export 03 --canvas                        the same without one
    python -m autograder export 03 --moodle worksheet.csv          fill in an assignment's grading worksheet
    python -m autograder export 03 --moodle                        for the import of the course's gradebook

Canvas reads a header that begins ``Student, ID, SIS User ID, SIS Login ID, Section``, a row of points possible, and matches students by ID.
A Moodle worksheet is matched by its Identifier, ``Participant 123``; all its other columns go back as they came. Who could not be graded
has no score in these files, so that nothing is overwritten by a zero; the reason stands in Moodle's comment and in ``grades.csv``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.grading.class_folder import Classroom

__all__ = ["Mark", "canvas", "marks", "moodle", "plain"]

COLUMNS = ("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score", "late_submission_penalty",
           "score", "max_score", "reason")  # fmt: skip
CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")


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
            rows.append([_tame(value) if isinstance(value, str) else value for value in values])
    return _write(path, [list(COLUMNS), *rows])


def canvas(
    group: Classroom, unit: str, path: Path, exported: Path | None = None, title: str = ""
) -> Path:
    """A file for *Import* in Canvas's gradebook.

    Args:
        exported: the CSV of Canvas's *Export*; students and the assignment's column, with Canvas's own numbers, are taken from it.
        title: how the assignment is called in Canvas; the unit's name by default.
    """
    by_id = {
        known: mark for mark in marks(group, unit) for known in (mark.lms, mark.student) if known
    }
    if exported is None:
        rows = [[f"{mark.name[1]}, {mark.name[0]}".strip(", ") or mark.student, mark.lms, "", mark.student, "", _score(mark)]
                for mark in marks(group, unit) if mark.reason != "not handed in"]  # fmt: skip
        column = title or unit
    else:
        header, *lines = _read(exported)
        if tuple(header[:2]) != CANVAS[:2] or "Section" not in header:
            raise ValueError(
                f"{exported.name} is no export of Canvas's gradebook: its first line must begin {', '.join(CANVAS)}"
            )
        told = header.index("Section") + 1
        wanted = (title or unit).casefold()
        column = next(
            (name for name in header[told:] if name.casefold().startswith(wanted)), title or unit
        )
        keys = [
            header.index(name) for name in ("ID", "SIS Login ID", "SIS User ID") if name in header
        ]
        rows = []
        for line in lines:
            mark = next(
                (
                    by_id[line[place]]
                    for place in keys
                    if place < len(line) and line[place] in by_id
                ),
                None,
            )
            if mark is not None and mark.score is not None:
                rows.append([*line[:told], _score(mark)])
        return _write(path, [[*header[:told], column], _possible(told, by_id), *rows])
    return _write(path, [[*CANVAS, column], _possible(len(CANVAS), by_id), *rows])


def moodle(
    group: Classroom, unit: str, path: Path, worksheet: Path | None = None, title: str = ""
) -> Path:
    """A file for *Upload grading worksheet* of an assignment or, without a worksheet, for *Grades, Import, CSV file* of the course."""
    found = marks(group, unit)
    if worksheet is None:
        header = [
            "ID number",
            "First name",
            "Last name",
            "Email address",
            title or f"Assignment: {unit}",
            "Feedback",
        ]
        rows = [
            [mark.student, *map(_tame, mark.name), mark.email, _score(mark), _tame(mark.reason)]
            for mark in found
        ]
        return _write(path, [header, *rows])
    header, *lines = _read(worksheet)
    missing = [
        name for name in ("Identifier", "Grade", "Last modified (grade)") if name not in header
    ]
    if missing:
        raise ValueError(
            f"{worksheet.name} is no grading worksheet in English: it has no column {', '.join(missing)}"
        )
    by_id = {known: mark for mark in found for known in (mark.lms, mark.student) if known}
    comment = header.index("Feedback comments") if "Feedback comments" in header else None
    for line in lines:
        mark = by_id.get(line[header.index("Identifier")].removeprefix("Participant ").strip())
        if mark is not None:
            line[header.index("Grade")] = _score(mark) or line[header.index("Grade")]
            if comment is not None and mark.reason and mark.reason != "not handed in":
                line[comment] = mark.reason
    return _write(path, [header, *lines])


def _possible(told: int, by_id: dict[str, Mark]) -> list[str]:
    """Canvas's second line: what the assignment is worth."""
    most = next((mark.most for mark in by_id.values()), 0.0)
    return ["    Points Possible", *[""] * (told - 1), f"{most:g}"]


def _score(mark: Mark) -> str:
    return "" if mark.score is None else f"{mark.score:.10g}"


def _tame(text: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t" and text else text


def _read(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return [line for line in csv.reader(file) if line]


def _write(path: Path, rows: Iterable[Sequence[object]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8", errors="replace") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    return path
