"""``python -m autograder mutants 09``: change right answers, and see whether the checks notice."""

from __future__ import annotations

import argparse
from pathlib import Path

from autograder.audit.mutants.measure import measure
from autograder.audit.mutants.subject import coded
from autograder.audit.mutants.table import page

__all__ = ["main"]

SEEDS, MOST, JOBS = 20, 400, 2
PAGE = Path("docs") / "mutation.md"


def main(argv: list[str]) -> int:
    """Measure each check's mutation score, list survivors, and fail where a target is missed."""
    parser = argparse.ArgumentParser(prog="autograder mutants", description=main.__doc__)
    parser.add_argument("unit", nargs="?", default="", help="a unit, such as 09; all by default")
    parser.add_argument("--exercise", default="", help="one exercise, with or without its number")
    parser.add_argument(
        "--seeds", type=int, default=SEEDS, help="seeds on which a mutant must be refused"
    )
    parser.add_argument("--most", type=int, default=MOST, help="mutants tried of each exercise")
    parser.add_argument("--jobs", type=int, default=JOBS)
    parser.add_argument("--table", action="store_true", help=f"write {PAGE}")
    chosen = parser.parse_args(argv)
    names = coded(chosen.unit, chosen.exercise)
    if not names:
        parser.error(f"there is no exercise {chosen.exercise!r} in {chosen.unit or 'any unit'}")
    if min(chosen.seeds, chosen.most, chosen.jobs) < 1:
        parser.error("--seeds, --most and --jobs are at least 1")
    scores = measure(names, chosen.seeds, chosen.most, chosen.jobs)
    if chosen.table:
        PAGE.write_text(page(scores, chosen.seeds, chosen.most), "utf-8")
    return 1 if any(found.complaints for found in scores) else 0
