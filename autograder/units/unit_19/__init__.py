"""Unit 19: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_19 import first, written

__all__ = ["EXERCISES"]

EXERCISES = unit("19_bits_back", first, written)
