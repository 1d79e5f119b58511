"""``python -m autograder steps 03_gap``: open the next step towards a solution, for whoever learns alone."""

from __future__ import annotations

import argparse

from autograder.course import ROOT, UsageError
from autograder.self_study.stepwise import AWAY, Steps
from course_vi.progress.store import work_folder

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """The command line described above."""
    parser = argparse.ArgumentParser(
        "python -m autograder steps",
        description="hints one by one, then the solution piece by piece, after a try of your own",
    )
    parser.add_argument("exercise", help="its name, as in its check, such as 03_gap")
    parser.add_argument("--again", action="store_true", help="show what is open, and open nothing")
    options = parser.parse_args(argv)
    work = work_folder() or work_folder(ROOT / "work")
    if work is None:
        raise UsageError(AWAY)
    try:
        here = Steps(options.exercise, work)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if not options.again:
        here.open_next()
    print(here.text() or "Nothing is open yet.")
    if "$" in here.text():
        print(
            f'\nFormulas stand here as TeX. In a notebook they are set: from autograder import steps; steps("{options.exercise}")'
        )
    return 0
