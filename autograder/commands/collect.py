"""``python -m autograder collect``: put what a learning platform collected where the grader looks."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from autograder.commands.of_class import class_option, unit_option
from autograder.course import this_course
from autograder.grading.class_folder import open_class
from autograder.intake.collect import collect, people
from autograder.intake.names import printable

__all__ = ["main"]

AMISS = ("ambiguous", "not recognised", "not in the roster", "damaged", "too large")


def main(argv: list[str]) -> int:
    """The command line described above; 1 when somebody or something could not be placed."""
    parser = argparse.ArgumentParser(
        "python -m autograder collect", description="collect submissions from an LMS"
    )
    unit_option(parser)
    parser.add_argument("sources", nargs="+", type=Path, metavar="ZIP", help="zip files or folders")
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument(
        "--roster",
        type=Path,
        metavar="CSV",
        help="Canvas's exported gradebook, or Moodle's grading worksheet",
    )
    who.add_argument(
        "--no-roster", action="store_true", help="there is none: nobody can say who is missing"
    )
    parser.add_argument(
        "--timezone",
        help="of the times in Moodle's worksheet, such as Europe/London",
    )
    class_option(parser)
    options = parser.parse_args(argv)
    course = this_course()
    (unit,) = course.units([options.unit])
    try:
        roster = people(options.roster) if options.roster else None
        group = open_class(course, options.folder.resolve())
        told = collect(group, unit, options.sources, roster, options.timezone or "UTC")
    except (ValueError, OSError) as error:
        print(f"nothing was collected: {printable(str(error), 2_000)}", file=sys.stderr)
        return 1
    for what, names in told.items():
        if names:
            listed = "" if what == "collected" else ": " + "; ".join(map(printable, names[:20]))
            print(f"{what}: {len(names)}{listed}{'; ...' * (len(names) > 20)}")
    if any(person.when.strip(" -") for person in (roster or {}).values()):
        other = "" if options.timezone else "; --timezone Europe/London, say, for another"
        print(f"the worksheet's times were read as {options.timezone or 'UTC'}{other}")
    return int(any(told[what] for what in AMISS))
