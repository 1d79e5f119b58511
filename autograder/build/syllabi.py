"""Syllabi: which units in which week, and how many hours that is.

Hours are those of the course itself: the lecture's main line as ``reading_time`` counts it, asides left out, and the minutes that each
exercise states. They are for a learner who does every exercise; a class that leaves some out takes less.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import nbformat

from autograder.build.reading_time import minutes
from autograder.course import Course, UsageError
from course_vi.syllabus import UNITS

__all__ = ["SYLLABI", "Syllabus", "faults", "read_weeks", "table"]

Weeks = Sequence[Sequence[int]]


class Syllabus(NamedTuple):
    """A course: what it is for, and the units of each week."""

    title: str
    says: str
    weeks: tuple[tuple[int, ...], ...]


CORE = ((0, 1), (2,), (3, 6), (4,), (5,), (8,), (9,), (10,), (11, 13), (14,))
SYLLABI = {
    "5": Syllabus(
        "Five weeks: the short road to the variational autoencoder",
        "Nothing here can be left out: each unit is needed by the next.",
        ((0, 1), (2,), (3, 6), (11,), (13,)),
    ),
    "5-gradients": Syllabus(
        "Five weeks: gradients, and their noise",
        "For a class that knows autoencoders and wants to know why they train.",
        ((0, 1), (2,), (3, 5), (6,), (9,)),
    ),
    "10": Syllabus("Ten weeks: the core", "The thirteen units of the core, and no others.", CORE),
    "14": Syllabus(
        "Fourteen weeks: the core, and four more",
        "Any unit from 15 to 19, 07 or 12 may take one of the last four weeks: by then all have what they build on.",
        (*CORE, (12,), (15,), (17,), (19,)),
    ),
}


def faults(weeks: Weeks) -> list[str]:
    """What is wrong with a plan, in sentences; nothing where every unit comes after all that it builds on, and once.

    >>> faults([[0], [1, 2], [5]])
    ['week 3: 05 builds on 03, which has not been taught']
    """
    told, seen = [], set[int]()
    for number, week in enumerate(weeks, start=1):
        for unit in week:
            if not 0 <= unit < len(UNITS):
                told.append(f"week {number}: there is no unit {unit:02d}")
                continue
            if unit in seen:
                told.append(f"week {number}: {unit:02d} has been taught")
            told += [
                f"week {number}: {unit:02d} builds on {need:02d}, which has not been taught"
                for need in UNITS[unit].needs
                if need not in seen
            ]
            seen.add(unit)
    return told


def read_weeks(text: str) -> list[list[int]]:
    """A plan from the words of a command line: weeks parted by commas, units by spaces or ``+``.

    >>> read_weeks("00+01, 02, 3 6")
    [[0, 1], [2], [3, 6]]
    """
    if not re.fullmatch(r"[\d\s,+]*\d[\d\s,+]*", text):
        raise UsageError(
            f"weeks is {text!r}; expected numbers of units, such as '00+01, 02, 03+06'"
        )
    return [[int(unit) for unit in re.findall(r"\d+", week)] for week in text.split(",")]


def hours(course: Course, unit: int) -> tuple[float, float]:
    """Of a unit's lecture on its main line, and of all its exercises."""
    stem = UNITS[unit].stem
    if not course.lecture(stem).is_file():
        raise UsageError(f"the lecture of {stem} is not in this copy of the course")
    read = minutes(nbformat.read(course.lecture(stem), as_version=4)).main
    work = sum(each.minutes for each in course.registry.values() if each.unit == stem)
    return read / 60, work / 60


def table(course: Course, weeks: Weeks) -> str:
    """A plan as a table in Markdown: the units of each week, hours of reading, hours of exercises, both.

    Raises:
        UsageError: the plan has faults; the message lists them all.
    """
    if told := faults(weeks):
        raise UsageError("\n".join(told))
    rows = ["| week | units | lectures, h | exercises, h | together, h |", "|---|---|---|---|---|"]
    sums = [0.0, 0.0]
    for number, week in enumerate(weeks, start=1):
        each = [hours(course, unit) for unit in week]
        read, work = sum(one for one, _ in each), sum(other for _, other in each)
        sums = [sums[0] + read, sums[1] + work]
        units = ", ".join(f"{unit:02d} {UNITS[unit].title}" for unit in week)
        rows.append(f"| {number} | {units} | {read:.1f} | {work:.1f} | {read + work:.1f} |")
    rows.append(f"| all | | {sums[0]:.1f} | {sums[1]:.1f} | {sum(sums):.1f} |")
    return "\n".join(rows)
