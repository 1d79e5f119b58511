"""``python -m autograder export``: grades as files that others read."""

from __future__ import annotations

import argparse
from pathlib import Path

from autograder.commands.handback import told
from autograder.commands.of_class import class_option
from autograder.course import this_course
from autograder.grading import lms
from autograder.grading.class_folder import open_class
from autograder.grading.export import marks, plain
from autograder.grading.late import settle
from autograder.intake.names import printable

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """The command line described above."""

    parser = argparse.ArgumentParser(
        "python -m autograder export", description="write grades for other programs"
    )
    parser.add_argument("unit", nargs="?", default="", help="the beginning of a unit's name")
    parser.add_argument(
        "--canvas",
        nargs="?",
        const="",
        metavar="CSV",
        help="for Canvas; CSV: a gradebook exported from it",
    )
    parser.add_argument(
        "--moodle",
        nargs="?",
        const="",
        metavar="CSV",
        help="for Moodle; CSV: the assignment's grading worksheet",
    )
    parser.add_argument("--title", default="", help="how the assignment is called there")
    parser.add_argument(
        "--scale", action="store_true", help="write shares of the platform's maximum"
    )
    parser.add_argument("--to", type=Path, help="the file to write")
    class_option(parser)
    options = parser.parse_args(argv)
    course = this_course()
    group = open_class(course, options.folder.resolve())
    for unit in course.units([options.unit] if options.unit else None):
        settle(group, unit)
    if options.canvas is None and options.moodle is None:
        print(
            plain(
                group, options.to or group.csv, course.units([options.unit]) if options.unit else ()
            )
        )
        return 0
    if not options.unit:
        parser.error("name a unit: Canvas and Moodle take one assignment at a time")
    (unit,) = course.units([options.unit])
    for kind, write in (("canvas", lms.canvas), ("moodle", lms.moodle)):
        given = getattr(options, kind)
        if given is not None:
            path = options.to or group.folder / f"{unit}_{kind}.csv"
            try:
                written = write(
                    group, unit, path, Path(given) if given else None, options.title, options.scale
                )
            except (ValueError, OSError) as error:
                print(f"nothing was written: {printable(str(error), 2_000)}")
                return 1
            print(told(written))
            waiting = [mark.student for mark in marks(group, unit) if mark.waiting]
            if waiting:
                names = ", ".join(map(printable, waiting[:5]))
                print(f"{len(waiting)} of them wait for a mark by hand: {names}{' ...' * (len(waiting) > 5)}")  # fmt: skip
    return 0
