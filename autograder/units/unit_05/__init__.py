"""Unit 05: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_05 import first, written

__all__ = ["EXERCISES"]

EXERCISES = unit("05_score_function", first, written)
