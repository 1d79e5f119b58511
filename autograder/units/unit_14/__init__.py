"""Unit 14: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_14 import first, written

__all__ = ["EXERCISES"]

EXERCISES = unit("14_pyro", first, written)
