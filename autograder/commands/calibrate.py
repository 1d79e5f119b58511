"""``python -m autograder calibrate``: simulate how often a right answer would fail."""

from __future__ import annotations

import argparse
import json
import time

from autograder.audit.calibrate import (
    FIRST_LOOKS,
    SECOND_LOOKS,
    UNITS,
    false_failure,
    simulate,
    statistical_parts,
    table,
)
from autograder.units import EXERCISES

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """Simulate the nulls of all statistical parts and write a table for each unit."""
    parser = argparse.ArgumentParser(prog="autograder calibrate", description=main.__doc__)
    parser.add_argument(
        "exercises", nargs="*", help="names of exercises or units; all of them by default"
    )
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--first", type=int, default=FIRST_LOOKS, help="simulated first looks")
    parser.add_argument("--second", type=int, default=SECOND_LOOKS, help="simulated second looks")
    chosen = parser.parse_args(argv)
    for exercise in [name for name, ex in EXERCISES.items() if not ex.written]:
        unit = EXERCISES[exercise].unit
        if chosen.exercises and not {exercise, unit, unit[:2]} & set(chosen.exercises):
            continue
        start, rows = time.perf_counter(), {}
        for index in statistical_parts(exercise):
            rows[str(index)] = simulate(
                exercise, index, chosen.first, chosen.second, chosen.workers
            )
        known = table(unit) | {exercise: rows}
        bound = sum(false_failure(row) for row in rows.values())
        print(
            f"{exercise:32s} {len(rows)} statistical parts, P(right answer fails) <= {bound:.1e}   {time.perf_counter() - start:.0f} s"
        )
        text = json.dumps({name: known[name] for name in EXERCISES if name in known}, indent=1)
        (UNITS / f"unit_{unit[:2]}" / "nulls.json").write_text(text + "\n", "utf-8")
    return 0
