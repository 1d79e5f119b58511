"""The units: one folder each, found by themselves. An exercise is a file in it; points live there and nowhere else."""

from __future__ import annotations

import importlib
import pkgutil

from autograder.checks.exercise import Exercise

__all__ = ["EXERCISES", "exercises", "units"]

EXERCISES: dict[str, Exercise] = {
    exercise.id: exercise
    for name in sorted(
        module.name for module in pkgutil.iter_modules(__path__) if module.name.startswith("unit_")
    )
    for exercise in importlib.import_module(f"{__name__}.{name}").EXERCISES
}


def exercises(unit: str) -> list[Exercise]:
    """The exercises of a unit, in the order in which they are asked."""
    return [exercise for exercise in EXERCISES.values() if exercise.unit == unit]


def units() -> list[str]:
    """The units, in order."""
    return list(dict.fromkeys(exercise.unit for exercise in EXERCISES.values()))
