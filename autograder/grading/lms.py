"""What Canvas and Moodle import: IDs are matched with IDs, logins with logins, and what matches two is refused.

Canvas reads a header that begins ``Student, ID, SIS User ID, SIS Login ID, Section``, a row of points possible, and matches
students by ID. A Moodle worksheet is matched by its Identifier, ``Participant 123``; all its other columns go back as they came.
Who could not be graded has no score in these files, so that nothing is overwritten by a zero; the reason stands in Moodle's comment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.grading.export import Mark, marks, read_csv, tame, write_csv
from autograder.grading.groups import shared
from autograder.grading.matching import Collision, cell, column, matched

if TYPE_CHECKING:
    from autograder.grading.class_folder import Classroom

__all__ = ["CANVAS", "Change", "Collision", "Written", "canvas", "moodle"]

CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
SAME = 5e-3  # platforms round to two digits


@dataclass(frozen=True)
class Change:
    """One grade: what stands in the platform, what we write, and why none where there is none."""

    student: str
    before: str
    after: str
    reason: str = ""

    @property
    def kind(self) -> str:
        """``new``, ``changed``, ``same`` or ``none``."""
        if not self.after:
            return "none"
        if not self.before:
            return "new"
        try:
            return "same" if abs(float(self.before) - float(self.after)) < SAME else "changed"
        except ValueError:
            return "changed"


@dataclass(frozen=True)
class Written:
    """A file that was written, and what it would change."""

    path: Path
    changes: list[Change]
    most: float
    theirs: float | None
    scaled: bool
    absent: list[str] = field(default_factory=list)  # graded, and in no line of the platform's file


@dataclass(frozen=True)
class Rule:
    """How a mark becomes a number: ``scale`` multiplies; who waits for a person is left out, if so wished."""

    scale: float = 1.0
    waiting: bool = True

    def score(self, mark: Mark) -> str:
        if mark.score is None or (mark.waiting and not self.waiting):
            return ""
        return f"{mark.score * self.scale:.10g}"

    def reason(self, mark: Mark) -> str:
        return mark.reason or ("waits for a mark by hand" if mark.waiting and not self.waiting else "")  # fmt: skip


def canvas(
    group: Classroom, unit: str, path: Path, exported: Path | None = None, title: str = "",
    scale: bool = False, waiting: bool = True, groups: Sequence[Sequence[str]] = (),
) -> Written:  # fmt: skip
    """A file for *Import* in Canvas's gradebook.

    Args:
        exported: the CSV of Canvas's *Export*; students and the assignment's column, with Canvas's own numbers, are taken from it.
        title: how the assignment is called in Canvas; the unit's name by default.
        scale: write shares of Canvas's points possible instead of ours.
        waiting: write the totals of those who wait for a mark by hand.
        groups: IDs of those who hand in together; one submission counts for all.

    Raises:
        Collision: a line of the export fits two students, or a student two lines; or two columns are called alike.
    """
    found, title = shared(marks(group, unit), groups), title or unit
    most = next((mark.most for mark in found), 0.0)
    if exported is None:
        rule = Rule(waiting=waiting)
        there = [mark for mark in found if mark.reason != "not handed in"]
        names = [f"{mark.name[1]}, {mark.name[0]}".strip(", ") or mark.student for mark in there]
        rows = [[name, mark.lms, "", mark.student, "", rule.score(mark)] for name, mark in zip(names, there, strict=True)]  # fmt: skip
        write_csv(path, [[*CANVAS, title], _possible(len(CANVAS), most), *rows])
        return Written(path, _all_new(there, rule), most, None, False)
    header, *lines = read_csv(exported)
    if tuple(header[:2]) != CANVAS[:2] or "Section" not in header:
        raise ValueError(
            f"{exported.name} is no export of Canvas's gradebook: its first line must begin {', '.join(CANVAS)}"
        )
    told = header.index("Section") + 1
    place = column(header, told, title, exported.name)
    possible = next((line for line in lines if line[0].strip() == "Points Possible"), [])
    theirs = _number(possible[place]) if place is not None and place < len(possible) else None
    rule = Rule(_factor(scale, theirs, most), waiting)
    at = {name: header.index(name) for name in CANVAS if name in header}
    people = [line for line in lines if cell(line, at.get("ID"))]
    pairs = matched(
        found,
        people,
        [
            ("ID", lambda line: cell(line, at.get("ID")), lambda mark: mark.lms),
            ("login", lambda line: cell(line, at.get("SIS Login ID")), lambda mark: "" if mark.lms else mark.student),
        ],
    )  # fmt: skip
    rows, changes = [], []
    for line, mark in pairs:
        if rule.score(mark):
            rows.append([*line[:told], rule.score(mark)])
        changes.append(Change(mark.student, cell(line, place), rule.score(mark), rule.reason(mark)))  # fmt: skip
    called = header[place] if place is not None else title
    write_csv(path, [[*header[:told], called], _possible(told, most if theirs is None else theirs), *rows])  # fmt: skip
    return Written(path, changes, most, theirs, scale, _absent(found, pairs))


def moodle(
    group: Classroom, unit: str, path: Path, worksheet: Path | None = None, title: str = "",
    scale: bool = False, waiting: bool = True, groups: Sequence[Sequence[str]] = (),
) -> Written:  # fmt: skip
    """A file for *Upload grading worksheet* of an assignment or, without a worksheet, for *Grades, Import, CSV file* of the course.

    The arguments and errors are those of ``canvas``.
    """
    found = shared(marks(group, unit), groups)
    most = next((mark.most for mark in found), 0.0)
    if worksheet is None:
        rule = Rule(waiting=waiting)
        header = ["ID number", "First name", "Last name", "Email address", title or f"Assignment: {unit}", "Feedback"]  # fmt: skip
        rows = [
            [mark.student, *map(tame, mark.name), mark.email, rule.score(mark), tame(mark.reason)]
            for mark in found
        ]
        write_csv(path, [header, *rows])
        return Written(path, _all_new(found, rule), most, None, False)
    header, *lines = read_csv(worksheet)
    needed = ("Identifier", "Grade", "Last modified (grade)")
    if missing := [name for name in needed if name not in header]:
        raise ValueError(
            f"{worksheet.name} is no grading worksheet in English: it has no column {', '.join(missing)}"
        )
    at = {name: header.index(name) for name in (*needed, "Maximum Grade", "Feedback comments") if name in header}  # fmt: skip
    limits = {_number(cell(line, at.get("Maximum Grade"))) for line in lines} - {None}
    theirs = limits.pop() if len(limits) == 1 else None
    rule = Rule(_factor(scale, theirs, most), waiting)
    pairs = matched(
        found, lines,
        [("Identifier", lambda line: cell(line, at["Identifier"]).removeprefix("Participant ").strip(), lambda mark: mark.lms)],
    )  # fmt: skip
    changes = []
    for line, mark in pairs:
        score, before = rule.score(mark), line[at["Grade"]]
        changes.append(Change(mark.student, before, score, rule.reason(mark)))
        line[at["Grade"]] = score or before
        if mark.reason and mark.reason != "not handed in" and "Feedback comments" in at:
            line[at["Feedback comments"]] = tame(mark.reason)
    write_csv(path, [header, *lines])
    return Written(path, changes, most, theirs, scale, _absent(found, pairs))


def _all_new(found: Iterable[Mark], rule: Rule) -> list[Change]:
    return [Change(mark.student, "", rule.score(mark), rule.reason(mark)) for mark in found]


def _factor(scale: bool, theirs: float | None, most: float) -> float:
    if not scale:
        return 1.0
    if not theirs or not most:
        raise ValueError(
            "the platform's file names no maximum to scale to; expected Maximum Grade, or Points Possible"
        )
    return theirs / most


def _absent(found: Sequence[Mark], pairs: Sequence[tuple[list[str], Mark]]) -> list[str]:
    """Who has a grade and stands in no line."""
    matched: Mapping[str, Mark] = {mark.student: mark for _, mark in pairs}
    return [mark.student for mark in found if mark.score is not None and mark.student not in matched]  # fmt: skip


def _possible(told: int, most: float) -> list[str]:
    """Canvas's second line: what the assignment is worth."""
    return ["    Points Possible", *[""] * (told - 1), f"{most:g}"]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
