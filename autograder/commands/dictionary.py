"""``python -m autograder dictionary``: what tells a change of a right answer from its behaviour."""

from __future__ import annotations

import argparse
import json
import time

from autograder.audit.dictionaries import build, stale
from autograder.audit.mutants.subject import coded
from autograder.checks.dictionary import file_of
from autograder.units import EXERCISES, units

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """Build the dictionaries of a unit, and write one small file for each exercise."""
    parser = argparse.ArgumentParser(prog="autograder dictionary", description=main.__doc__)
    parser.add_argument(
        "unit",
        nargs="?",
        default="",
        help="a unit, such as 09, or an exercise, such as 09_vafc; all by default",
    )
    parser.add_argument(
        "--stale",
        action="store_true",
        help="only those that are missing, or were made of other right answers",
    )
    options = parser.parse_args(argv)
    name = options.unit
    exercises = [name] if name in EXERCISES else coded(name)
    if not exercises:
        parser.error(f"unit is {name!r}; expected one of {', '.join(units())}")
    if options.stale:
        exercises = list(filter(stale, exercises))
    for exercise in exercises:
        start = time.perf_counter()
        made = build(exercise)
        path = file_of(exercise)
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(made, separators=(",", ":")) + "\n", "utf-8")
        print(
            f"{exercise:32s} {len(made['entries']):5d} behaviours, {len(made['changes']):4d} changes in words, "
            f"{path.stat().st_size:7,d} bytes, {time.perf_counter() - start:5.1f} s",
            flush=True,
        )
    return 0
