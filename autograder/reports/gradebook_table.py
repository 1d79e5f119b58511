"""The gradebook of one unit as text: a line for each student, and what each column is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from autograder.course import Course
from autograder.grading.result import Result, short

__all__ = ["Promise", "table"]


class Promise(Protocol):
    """A student of a sample class: what was promised, and what they did."""

    @property
    def name(self) -> str: ...

    @property
    def promised(self) -> Mapping[str, float] | None: ...

    @property
    def story(self) -> str: ...


def table(
    course: Course, unit: str, rows: list[Result], members: Sequence[Promise] | None = None
) -> str:
    """The gradebook as text; with ``members`` also what was promised, whether it came out so, and what they did."""
    exercises = {name: float(ex.points) for name, ex in course.registry.items() if ex.unit == unit}
    known = {student.name: student for student in members or []}
    numbers = [str(number) for number in range(1, len(exercises) + 1)]
    lines = [
        ["student", *numbers, "total"],
        ["(points)", *map(short, exercises.values()), short(sum(exercises.values()))],
    ]
    if members:
        lines[0] += ["promised", "ok", "  what they did"]
        lines[1] += ["", "", ""]
        rows = sorted(rows, key=lambda row: list(known).index(row.student))
    for row in rows:
        marks = [short(row.points.get(name)) + row.signs.get(name, "") for name in exercises]
        line = [
            row.student,
            *(["-"] * len(marks) if row.failure else marks),
            "-"
            if row.failure
            else short(row.total) + (f" (late: -{short(row.late)})" if row.late else ""),
        ]
        if members:
            student = known[row.student]
            wanted = "-" if student.promised is None else short(sum(student.promised.values()))
            line += [wanted, "NO" if row.differs(student.promised) else "ok", f"  {student.story}"]
        lines.append(line)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(2, ["-" * width for width in widths])
    left = (0, len(numbers) + 4)
    text = [
        "  ".join(
            cell.ljust(width) if at in left else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    ]
    legend = [
        f"{number}  {course.registry[name].title} ({name})"
        for number, name in zip(numbers, exercises, strict=True)
    ]
    signs = "".join(sign for row in rows for sign in row.signs.values())
    legend += ["*  a person has overruled the checks"] * ("*" in signs)
    legend += ["+  with extra credit"] * ("+" in signs)
    return "\n".join(line.rstrip() for line in [*text, "", *legend])
