"""Grades and feedback pages on their way back: pages in a zip whose names Moodle and Canvas know, and who still waits."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

from autograder.grading.class_folder import Classroom
from autograder.intake.collect import record
from autograder.intake.layout import CANVAS, MOODLE
from autograder.intake.names import safe_id

__all__ = ["feedback_zip", "fresh_pages", "name_there"]


def fresh_pages(group: Classroom, unit: str) -> dict[str, str]:
    """Write the pages anew of all that a person has marked or commented; by student, why one could not be written."""
    with group.gradebook() as gradebook:
        marked = [
            submission.student_id
            for submission in gradebook.assignment_submissions(unit)
            for notebook in submission.notebooks
            if any(
                grade.manual_score is not None or grade.extra_credit for grade in notebook.grades
            )
            or any(comment.manual_comment for comment in notebook.comments)
        ]
    there = [name for name in marked if (group.folder / "autograded" / name / unit).exists()]
    troubles = {name: group.write_page(unit, name) for name in there}
    return {name: why for name, why in troubles.items() if why}


def name_there(kind: str, unit: str, student: str, number: str, sources: Iterable[str]) -> str:
    """What a page must be called, so that the platform puts it beside what was handed in; empty where nobody can know.

    Moodle reads ``name_number_assignsubmission_file_/page.html``; Canvas the numbers of student and file at the
    beginning of a name, as they were in the zip that was collected.

    >>> name_there("moodle", "03_elbo", "Ada King_501", "501", [])
    'Ada King_501_assignsubmission_file_/03_elbo.html'
    >>> name_there("canvas", "03_elbo", "kingada_4711", "4711", ["kingada_LATE_4711_90210_work.ipynb"])
    'kingada_LATE_4711_90210_03_elbo.html'
    >>> name_there("canvas", "03_elbo", "ada", "", ["ada/work.ipynb"])
    ''
    """
    if not number:
        return ""
    if kind == "moodle":
        name = student.removesuffix(f"_{number}").replace("_", " ").replace("/", " ")
        for source in sources:
            for part in source.split("/"):
                if (found := MOODLE.fullmatch(part) or MOODLE.fullmatch(f"{part}/x")) and found["number"] == number:  # fmt: skip
                    name = found["name"].replace("_", " ")
        return f"{name}_{number}_assignsubmission_file_/{unit}.html"
    for source in sources:
        found = CANVAS.fullmatch(source.rsplit("/", 1)[-1])
        if found and found["number"] == number:
            return f"{found['name']}_{found['late'] or ''}{number}_{found['file']}_{unit}.html"
    return ""


def feedback_zip(group: Classroom, unit: str, kind: str, path: Path, students: Iterable[str]) -> list[str]:  # fmt: skip
    """Write the zip for Moodle's *Upload multiple feedback files in a zip* or Canvas's *Upload submissions*.

    Returns:
        Those whose page is not in it: it is not there, or nobody can know what the platform calls them.
    """
    known = {safe_id(name): about for name, about in record(group, unit).items()}
    left_out, path = [], path.absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    with group.gradebook() as gradebook:
        numbers = {student.id: student.lms_user_id or "" for student in gradebook.students}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for student in sorted(students):
            about = known.get(student, {})
            number = about.get("number") or numbers.get(student, "")
            name = name_there(kind, unit, student, number, about.get("sources", []))
            page = group.folder / "feedback" / student / unit / f"{unit}.html"
            if name and page.exists():
                archive.write(page, name)
            else:
                left_out.append(student)
    return left_out
