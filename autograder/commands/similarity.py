"""``python -m autograder similarity``: which answers look alike."""

from __future__ import annotations

import argparse
from pathlib import Path

from autograder.course import CLASS, this_course
from autograder.grading.class_folder import open_class
from autograder.intake.names import printable
from autograder.reports.similarity import ALIKE, SOLUTIONS, page, pairs, read_answers, rings

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """The command line described above."""

    parser = argparse.ArgumentParser(
        "python -m autograder similarity", description="which answers look alike"
    )
    parser.add_argument("unit", help="the beginning of a unit's name")
    parser.add_argument(
        "--alike",
        type=float,
        default=ALIKE,
        help="the least share, from 0 to 1, that puts a pair on the list",
    )
    parser.add_argument(
        "--class", dest="folder", type=Path, default=CLASS, help="the folder of the class"
    )
    options = parser.parse_args(argv)
    course = this_course()
    (unit,) = course.units([options.unit])
    group = open_class(course, options.folder.resolve())
    answers, released = read_answers(group, unit)
    found = pairs(answers, released, options.alike)
    path = group.folder / "reports" / unit / "similarity.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(unit, found, answers), encoding="utf-8")
    for ring in rings(found):
        print(f"a ring of {len(ring)}: {', '.join(map(printable, ring))}")
    for pair in found[:20]:
        print(f"{pair.alike:4.0%}  {pair.first}  {pair.second}")
    print(
        f"{len(answers.keys() - {SOLUTIONS})} notebooks, {len(found)} pairs at least {options.alike:.0%} alike: {path}"
    )
    return 0
