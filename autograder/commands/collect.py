"""``python -m autograder collect``: put what a learning platform collected where the grader looks."""

from __future__ import annotations

import argparse
from pathlib import Path

from autograder.course import CLASS, this_course
from autograder.grading.class_folder import open_class
from autograder.intake.collect import collect, people

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """The command line described above; 1 when somebody could not be recognised."""

    parser = argparse.ArgumentParser(
        "python -m autograder collect", description="collect submissions from an LMS"
    )
    parser.add_argument("unit", help="the beginning of a unit's name")
    parser.add_argument("sources", nargs="+", type=Path, metavar="ZIP", help="zip files or folders")
    parser.add_argument(
        "--roster",
        type=Path,
        metavar="CSV",
        help="Canvas's exported gradebook, or Moodle's grading worksheet",
    )
    parser.add_argument(
        "--timezone",
        default="UTC",
        help="of the times in Moodle's worksheet, such as Europe/London",
    )
    parser.add_argument(
        "--class", dest="folder", type=Path, default=CLASS, help="the folder of the class"
    )
    options = parser.parse_args(argv)
    course = this_course()
    (unit,) = course.units([options.unit])
    roster = people(options.roster) if options.roster else None
    told = collect(
        open_class(course, options.folder.resolve()),
        unit,
        options.sources,
        roster,
        options.timezone,
    )
    for what, names in told.items():
        if names:
            print(
                f"{what}: {len(names)}"
                + (
                    ""
                    if what == "collected"
                    else f": {', '.join(names[:10])}{' ...' * (len(names) > 10)}"
                )
            )
    return int(bool(told["not recognised"]))
