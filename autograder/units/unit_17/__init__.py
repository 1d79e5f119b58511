"""Unit 17: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_17 import first, written

__all__ = ["EXERCISES"]

EXERCISES = unit("17_sequences", first, written)
