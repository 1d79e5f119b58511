"""Points as the gradebook has them, and marks by hand that outlive a regrade. ``gradebook`` is nbgrader's, open."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autograder.grading.result import Result

__all__ = ["automatic", "held", "read", "refresh", "settled"]


def settled(gradebook: Any, unit: str, student: str) -> set[str]:
    """Exercises that a person has marked, and that wait for nobody."""
    from nbgrader.api import MissingEntry

    try:
        grades = gradebook.find_submission_notebook(unit, unit, student).grades
    except MissingEntry:
        return set()
    return {
        grade.name
        for grade in grades
        if grade.manual_score is not None and not grade.needs_manual_grade
    }


def automatic(gradebook: Any, unit: str, student: str) -> dict[str, float | None]:
    """What the gradebook holds that no person gave: the automatic points by exercise; nothing where it knows no submission."""
    from nbgrader.api import MissingEntry

    try:
        grades = gradebook.find_submission_notebook(unit, unit, student).grades
    except MissingEntry:
        return {}
    return {grade.name: grade.auto_score for grade in grades}


def held(gradebook: Any, unit: str) -> dict[str, dict[str, float | None]]:
    """The same for everybody, by student, in one question to the database."""
    from nbgrader.api import BaseCell, Grade, SubmittedAssignment, SubmittedNotebook

    found: dict[str, dict[str, float | None]] = {}
    rows = (
        gradebook.db.query(SubmittedAssignment.student_id, BaseCell.name, Grade.auto_score)
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
        .join(BaseCell, BaseCell.id == Grade.cell_id)
        .filter(SubmittedAssignment.assignment_id == gradebook.find_assignment(unit).id)
    )
    for student, name, score in rows:
        found.setdefault(student, {})[name] = score
    return found


def read(
    gradebook: Any, unit: str, student: str, settled: set[str]
) -> tuple[dict[str, float | None], float]:
    """Points by exercise, and the late penalty. nbgrader keeps a person's mark, but asks for it again; what is settled is not asked."""
    notebook = gradebook.find_submission_notebook(unit, unit, student)
    for grade in notebook.grades:
        if grade.name in settled:
            grade.needs_manual_grade = False
    gradebook.db.commit()
    return _points(notebook), float(notebook.late_submission_penalty or 0.0)


def refresh(gradebook: Any, unit: str, rows: Iterable[Result]) -> None:
    """Bring rows up to date: a person may have marked, and a due date come, since they were logged."""
    graded = {row.student: row for row in rows if row.status == "graded"}
    found = [
        (graded[each.student_id], each)
        for each in gradebook.assignment_submissions(unit)
        if each.student_id in graded
    ]
    for row, submission in found:
        for notebook in submission.notebooks:
            row.points, row.late = _points(notebook), float(notebook.late_submission_penalty or 0.0)
            row.signs = {grade.name: _sign(grade) for grade in notebook.grades}


def _sign(grade: Any) -> str:
    overruled = grade.manual_score is not None and grade.auto_score not in (
        None,
        grade.manual_score,
    )
    return "*" * overruled + "+" * bool(grade.extra_credit)


def _points(notebook: Any) -> dict[str, float | None]:
    return {
        grade.name: None if grade.needs_manual_grade else float(grade.score)
        for grade in notebook.grades
    }
