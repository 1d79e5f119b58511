"""``python -m autograder syllabus``: which units in which week, with hours; ready plans, or one of your own that is checked."""

from __future__ import annotations

import argparse

from autograder.build.syllabi import SYLLABI, read_weeks, table
from autograder.course import this_course

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """Print one of the plans, all of them, or your own."""
    parser = argparse.ArgumentParser("python -m autograder syllabus", description=main.__doc__)
    parser.add_argument("plan", nargs="?", choices=sorted(SYLLABI), help="all if none is named")
    parser.add_argument(
        "--weeks",
        help="your own: units of each week, such as '00+01, 02, 03+06'; refused where a unit comes too early",
    )
    options = parser.parse_args(argv)
    course = this_course()
    if options.weeks is not None:
        print(table(course, read_weeks(options.weeks)))
        return 0
    for name in [options.plan] if options.plan else SYLLABI:
        plan = SYLLABI[name]
        print(f"## {plan.title}\n\n{plan.says}\n\n{table(course, plan.weeks)}\n")
    return 0
