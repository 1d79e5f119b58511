"""``python -m autograder new NN_name``: lay out a unit; ``--missing`` says what one still lacks."""

from __future__ import annotations

import argparse

from autograder.audit.corpus import corpus
from autograder.build.new_unit import lay_out, missing
from autograder.course import MasterError, this_course

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """Lay out a new unit, or list what a unit that is there still lacks (and fail if it lacks anything)."""
    parser = argparse.ArgumentParser("python -m autograder new", description=main.__doc__)
    parser.add_argument("unit", help="two digits and a name, such as 02_evidence")
    parser.add_argument(
        "--missing", action="store_true", help="say what it lacks, and write nothing"
    )
    options = parser.parse_args(argv)
    course = this_course()
    try:
        if options.missing:
            (unit,) = course.units([options.unit])
            answers = [(answer.exercise, answer.right) for answer in corpus(unit)]
            lacks = missing(course, unit, answers)
            print("\n".join(lacks) or f"{unit} is whole.")
            return 1 if lacks else 0
        for path in lay_out(course, options.unit):
            print(f"wrote {path.relative_to(course.root)}")
    except MasterError as error:
        parser.error(str(error))
    print(f"Now: python -m autograder new {options.unit} --missing")
    return 0
