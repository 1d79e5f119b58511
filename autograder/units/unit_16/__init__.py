"""Unit 16: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_16 import first, written

__all__ = ["EXERCISES"]

EXERCISES = unit("16_sets_and_functions", first, written)
