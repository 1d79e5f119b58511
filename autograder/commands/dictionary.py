"""``python -m autograder dictionary``: what tells a change of a right answer from its behaviour."""

from __future__ import annotations

import argparse
import json
import time

from autograder.audit.dictionaries import build
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
    name = parser.parse_args(argv).unit
    exercises = [name] if name in EXERCISES else coded(name)
    if not exercises:
        parser.error(f"unit is {name!r}; expected one of {', '.join(units())}")
    for exercise in exercises:
        start = time.perf_counter()
        made = build(exercise)
        path = file_of(exercise)
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        if made.get("entries"):
            path.write_text(json.dumps(made, separators=(",", ":")) + "\n", "utf-8")
        print(
            f"{exercise:32s} {len(made.get('entries', ())):5d} behaviours, {len(made.get('changes', ())):4d} changes in words, "
            f"{path.stat().st_size if path.exists() else 0:7,d} bytes, {time.perf_counter() - start:5.1f} s",
            flush=True,
        )
    return 0
