"""``python -m autograder notebooks``: build all notebooks from their text masters, and prove them."""

from __future__ import annotations

import argparse

from autograder.build.notebooks import build, stale
from autograder.course import MasterError, this_course

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """The command line described above; 0 when all is built (or, with ``--check``, up to date)."""
    parser = argparse.ArgumentParser(
        "python -m autograder notebooks", description="build notebooks from text masters"
    )
    parser.add_argument(
        "units",
        nargs="*",
        metavar="UNIT",
        help="the beginning of a unit's name, or a page; all if none is named",
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing, fail if a notebook is stale"
    )
    parser.add_argument("--no-execute", action="store_true", help="leave the lectures alone")
    options = parser.parse_args(argv)
    course = this_course()
    try:
        units = course.notebooks(options.units)
        wrong = stale(course, units) if options.check else []
        if not options.check:
            build(course, units, not options.no_execute)
    except MasterError as error:
        print(error)
        return 1
    for line in wrong:
        print(line)
    if wrong:
        print("run `make notebooks` to build them again")
    return 1 if wrong else 0
