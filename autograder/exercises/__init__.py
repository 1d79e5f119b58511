"""The registry of exercises: what is asked, for how many points. One file per unit; notebooks take their points from here."""

from __future__ import annotations

from autograder.discover import import_units
from autograder.exercises.registry import EXERCISES, Exercise

__all__ = ["EXERCISES", "Exercise", "exercises", "units"]

import_units(__name__, __path__)


def exercises(unit: str) -> list[Exercise]:
    """The exercises of a unit, in the order in which they are asked."""
    return [exercise for exercise in EXERCISES.values() if exercise.unit == unit]


def units() -> list[str]:
    """The units that have exercises, in order."""
    return list(dict.fromkeys(exercise.unit for exercise in EXERCISES.values()))
