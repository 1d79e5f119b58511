"""``python -m autograder extend``: more time for some students, or none again.

    python -m autograder extend 03 "Ada Lovelace_1327627" --days 2
    python -m autograder extend 03 "Ada Lovelace_1327627" --days 0      takes it back

It moves the due date for these students alone. Late penalties are worked out anew at once, and at every export.
"""

from __future__ import annotations

import argparse
from datetime import timedelta

from autograder.commands.of_class import class_option, unit_and_class, unit_option
from autograder.course import UsageError
from autograder.grading.late import settle
from autograder.intake.names import printable, safe_id

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """The command line described above."""
    from nbgrader.api import MissingEntry

    parser = argparse.ArgumentParser("python -m autograder extend", description="give more time")
    unit_option(parser)
    parser.add_argument("students", nargs="+", metavar="STUDENT", help="as submitted/ calls them")
    parser.add_argument("--days", type=float, default=0.0, help="after the due date")
    parser.add_argument("--hours", type=float, default=0.0, help="besides")
    class_option(parser)
    options = parser.parse_args(argv)
    unit, group = unit_and_class(options)
    more = timedelta(days=options.days, hours=options.hours)
    with group.gradebook() as gradebook:
        try:
            due = gradebook.find_assignment(unit).duedate
            found = [gradebook.find_submission(unit, safe_id(name)) for name in options.students]
        except MissingEntry as error:
            raise UsageError(f"{error}; expected who has been graded once, as grades.csv calls them") from None  # fmt: skip
        if due is None:
            raise UsageError(f"{unit} has no due date: nothing is late, and nothing to extend")
        for submission in found:
            submission.extension = more or None
            print(f"{printable(submission.student_id)}: until {due + more} UTC")
        gradebook.db.commit()
    settle(group, unit)
    return 0
