"""``python -m autograder smoke``: run every text master quickly."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict

from autograder.build.smoke import ENVIRONMENT, Outcome, jobs_of, run_all, warm_up
from autograder.course import this_course

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """The command line described above; 0 when every notebook does what it should."""
    parser = argparse.ArgumentParser(
        "python -m autograder smoke", description="run the text masters as scripts"
    )
    parser.add_argument(
        "units",
        nargs="*",
        metavar="UNIT",
        help="the beginning of a unit's name, or a page; all if none is named",
    )
    parser.add_argument(
        "--jobs", type=int, default=min(os.cpu_count() or 1, 8), help="notebooks at a time"
    )
    parser.add_argument(
        "--json", action="store_true", help="print the outcomes for a program to read"
    )
    options = parser.parse_args(argv)

    def tell(outcome: Outcome) -> None:
        verdict = "FAILS" if outcome.faults else "ok"
        print(f"{outcome.seconds:6.1f} s  {outcome.name} ({outcome.kind})  {verdict}", flush=True)
        for fault in outcome.faults:
            print("          " + fault.replace("\n", "\n          "), flush=True)

    os.environ.update(ENVIRONMENT)
    course = this_course()
    jobs = jobs_of(course, course.notebooks(options.units))
    warm_up()
    outcomes = run_all(jobs, options.jobs, (lambda _: None) if options.json else tell)
    if options.json:
        print(json.dumps([asdict(outcome) for outcome in outcomes]))
    return 1 if any(outcome.faults for outcome in outcomes) else 0
