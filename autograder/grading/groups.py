"""Work that is handed in by one for several: a line of a CSV for each group, with the platform's IDs of its members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from autograder.grading.export import Mark, read_csv
from autograder.grading.matching import Collision

__all__ = ["read_groups", "shared"]


def read_groups(path: Path) -> list[list[str]]:
    """The groups of a CSV without a header: IDs, one group a line.

    Raises:
        Collision: somebody is in two groups.
    """
    groups = [[each.strip() for each in line if each.strip()] for line in read_csv(path)]
    seen: set[str] = set()
    for group in groups:
        if twice := seen & set(group):
            raise Collision(f"{', '.join(sorted(twice))} is in two groups of {path.name}")
        seen |= set(group)
    return groups


def shared(found: Sequence[Mark], groups: Sequence[Sequence[str]]) -> list[Mark]:
    """The marks, those of a group's one submission given to all of its members.

    Raises:
        Collision: two of a group have handed in; which counts is for a person to say.

    >>> ada, bo = Mark("ada_1", "03", 7.0, 9.0, lms="1"), Mark("bo_2", "03", None, 9.0, reason="not handed in", lms="2")
    >>> [(mark.student, mark.lms, mark.score) for mark in shared([ada, bo], [["1", "2", "3"]])]
    [('ada_1', '1', 7.0), ('bo_2', '2', 7.0), ('3', '3', 7.0)]
    """
    marks = {mark.lms: mark for mark in found if mark.lms}
    others = [mark for mark in found if marks.get(mark.lms) is not mark]
    for group in groups:
        theirs = [marks[n] for n in group if n in marks and marks[n].reason != "not handed in"]
        if len(theirs) > 1:
            names = ", ".join(mark.student for mark in theirs)
            raise Collision(
                f"of one group {names} have handed in: take all but one out of submitted/"
            )
        for number in group if theirs else ():
            student = marks[number].student if number in marks else number
            marks[number] = replace(theirs[0], student=student, lms=number)
    return [*marks.values(), *others]
