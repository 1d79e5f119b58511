"""Marks that a person gives to answers in words: what waits, what it is measured by, and how a mark is kept.

A mark belongs to the text it was given to. It is saved only while the text on the marker's page is still the one that was
graded; a later text waits for a mark of its own.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbformat

from autograder.build import masters
from autograder.course import Course
from autograder.grading import provenance
from autograder.grading.class_folder import Classroom

__all__ = ["Question", "Stale", "Written", "questions", "save", "written"]

SCHEME = re.compile(r"=== BEGIN MARK SCHEME ===\n?(.*?)=== END MARK SCHEME ===", re.DOTALL)


class Stale(Exception):
    """The answer that was marked is not the one that was graded last; the message says so to the marker."""


@dataclass(frozen=True)
class Question:
    """A question in words: its text, a model answer and the scheme, as the text master has them."""

    exercise: str
    title: str
    text: str
    model: str
    scheme: str


@dataclass(frozen=True)
class Written:
    """An answer in words.

    Attributes:
        text: what the student wrote, as it is.
        pictures: ``(name, "data:image/png;base64,...")`` of what was attached.
        digest: which text this is.
        most: what the question is worth.
        mark: what a person gave, or None.
        waiting: whether a mark is asked for.
    """

    exercise: str
    student: str
    text: str
    pictures: tuple[tuple[str, str], ...]
    digest: str
    most: float
    mark: float | None
    waiting: bool
    comment: str


def questions(course: Course, unit: str) -> dict[str, Question]:
    """The unit's questions in words, by exercise: all that their section says before they are answered."""
    cells = masters.read_master(course.source(unit, ".py").read_text(encoding="utf-8")).cells
    found, section = {}, list[str]()
    for cell in cells:
        if cell.cell_type == "markdown" and re.search("^#{1,2} ", cell.source, re.MULTILINE):
            section = []
        marker = masters.marker_of(cell)
        if marker and marker[0] == "written":
            scheme = SCHEME.search(cell.source)
            title = course.registry[marker[1]].title
            model = SCHEME.sub("", cell.source).strip()
            told = scheme[1].strip() if scheme else ""
            found[marker[1]] = Question(marker[1], title, "\n\n".join(section), model, told)
        elif cell.cell_type == "markdown" and not cell.source.startswith("<details>"):
            section.append(cell.source)
    return found


def written(group: Classroom, unit: str) -> list[Written]:
    """Every answer in words of a class, by question, then in an order that has nothing to do with names."""
    latest, found = group.ledger(unit).latest(), list[Written]()
    with group.gradebook() as gradebook:
        for submission in gradebook.assignment_submissions(unit):
            student = submission.student_id
            if latest.get(student, {"status": "graded"})["status"] != "graded":
                continue
            for text in _texts(group, unit, student):
                found.append(_with_mark(gradebook, unit, student, text))
    return sorted(found, key=lambda one: (one.exercise, _shuffled(one)))


@dataclass(frozen=True)
class _Text:
    exercise: str
    text: str
    pictures: tuple[tuple[str, str], ...]
    digest: str


def _texts(group: Classroom, unit: str, student: str) -> tuple[_Text, ...]:
    """What was graded last; nothing where nothing was."""
    path = group.folder / "autograded" / student / unit / f"{unit}.ipynb"
    return _read(path, path.stat().st_mtime_ns) if path.exists() else ()


@lru_cache(20_000)
def _read(path: Path, _: int) -> tuple[_Text, ...]:
    notebook = nbformat.read(path, as_version=4)
    digests = provenance.answers(notebook)
    found = []
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if name in digests:
            pictures = tuple(
                (title, f"data:{mime};base64,{data}")
                for title, bundle in cell.get("attachments", {}).items()
                for mime, data in bundle.items()
            )
            found.append(_Text(name, cell.source, pictures, digests[name]))
    return tuple(found)


def _with_mark(gradebook: Any, unit: str, student: str, text: _Text) -> Written:
    grade = gradebook.find_grade(text.exercise, unit, unit, student)
    comment = gradebook.find_comment(text.exercise, unit, unit, student).manual_comment or ""
    return Written(text.exercise, student, text.text, text.pictures, text.digest, float(grade.max_score),
                   grade.manual_score, bool(grade.needs_manual_grade), comment)  # fmt: skip


def _shuffled(one: Written) -> bytes:
    return hashlib.sha256(f"{one.digest}/{one.student}".encode()).digest()


def save(
    group: Classroom, unit: str, one: Written, points: float | None, comment: str = ""
) -> None:
    """Keep a mark and a comment in the gradebook; ``points=None`` takes a mark back, so that the answer waits again.

    Raises:
        ValueError: more points than the question is worth, or fewer than none.
        Stale: the student's answer has been graded anew since, and is another one.
    """
    if points is not None and not 0 <= points <= one.most:
        raise ValueError(f"points is {points}; expected 0 to {one.most:g}")
    with group.ledger(unit).turn(one.student):
        now = {text.exercise: text.digest for text in _texts(group, unit, one.student)}
        if now.get(one.exercise) != one.digest:
            raise Stale("This answer has been handed in anew. Load the page again.")
        with group.gradebook() as gradebook:
            grade = gradebook.find_grade(one.exercise, unit, unit, one.student)
            grade.manual_score, grade.needs_manual_grade = points, points is None
            kept = gradebook.find_comment(one.exercise, unit, unit, one.student)
            kept.manual_comment = comment or None
            gradebook.db.commit()
