"""Unit 10: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_10 import first, written

__all__ = ["EXERCISES"]

EXERCISES = unit("10_tighter_bounds", first, written)
