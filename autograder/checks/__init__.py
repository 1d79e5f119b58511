"""The engine of the checks: what an exercise is made of. The exercises themselves are in ``autograder.units``."""

from autograder.checks.exercise import Exercise, Part, exercise, unit

__all__ = ["Exercise", "Part", "exercise", "unit"]
