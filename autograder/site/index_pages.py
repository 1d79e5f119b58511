"""Pages that are made from what the course knows of itself: the front page, the map of units, the index of exercises."""

from __future__ import annotations

from collections.abc import Sequence

from autograder.units import EXERCISES
from course_vi.syllabus import UNITS, Unit

__all__ = ["exercise_index", "front_page", "map_of_units"]


SIGNATURE = """**S** marks a signature exercise, which ends in a measured agreement with an exact answer that you predicted.
Ten are numbered; other units may have one of their own. [The ledger](docs/ledger.md) says for each what agrees with what."""


def front_page(units: Sequence[Unit]) -> str:
    """What the course is, and where to enter."""
    count = sum(not exercise.written for exercise in EXERCISES.values())
    return f"""# course_vi

Open courseware on **variational learning**, from graphical models to variational autoencoders, on PyTorch and Pyro. Lectures explain, and
assert every empirical sentence; problem sets grade the learner's code honestly, the bias and variance of a gradient estimator included.

- **Begin**: [{units[0].title}](lectures/{units[0].stem}.ipynb), or look at [the map of the {len(units)} units that stand](units.md).
- **Play**: [the gradient laboratory](docs/laboratory.html), which needs nothing but this page.
- **Try**: [{count} exercises](exercises.md) with hints; their checks run in JupyterLab (`make lab`).
- **Err**: [the museum of mistakes](museum/index.md), every wrong answer that the checks are known to catch, and what they say to it.
- **Compare**: [the estimator atlas](atlas.md), every gradient estimator beside the exact gradient: bias, variance, cost.
- **Look up**: [the ledger](docs/ledger.md), every method that the sources name: where it is taught, coded, exercised and proven.

"""


def map_of_units(units: Sequence[Unit]) -> str:
    """The units as a table: what builds on what, and what stands."""
    here = {unit.number for unit in units}
    rows = ["| | Unit | Builds on | Problem set | Signature | Ten-week core |"]
    rows += ["|---|---|---|---|---|---|"]
    for unit in UNITS:
        stands = unit.number in here
        title = (
            f"[{unit.title}](lectures/{unit.stem}.ipynb)" if stands else f"{unit.title} (to come)"
        )
        problems = f"[set](notebooks/{unit.stem}/{unit.stem}.ipynb)" if stands else ""
        needs = ", ".join(f"{n:02d}" for n in unit.needs)
        rows.append(
            f"| {unit.number:02d} | {title} | {needs} | {problems} | {unit.signature} | {'yes' if unit.core else ''} |"
        )
    return "# The map of units\n\n" + "\n".join(rows) + f"\n\n{SIGNATURE}\n"


def exercise_index(units: Sequence[Unit]) -> str:
    """Every exercise with its difficulty, importance, minutes and points."""
    text = ["# Index of exercises\n\nDifficulty and importance are of five."]
    for unit in units:
        own = [exercise for exercise in EXERCISES.values() if exercise.unit == unit.stem]
        if not own:
            continue
        text += [
            f"\n## {unit.number:02d} {unit.title}\n",
            f"[Problem set](notebooks/{unit.stem}/{unit.stem}.ipynb)\n",
            "| Exercise | Asked for | Difficulty | Importance | Minutes | Points |",
            "|---|---|---|---|---|---|",
        ]
        text += [
            f"| {exercise.title} | {'words' if exercise.written else f'`{exercise.function}`'} | {exercise.difficulty} | "
            f"{exercise.importance} | {exercise.minutes} | {exercise.points} |"
            for exercise in own
        ]
    return "\n".join(text) + "\n"
