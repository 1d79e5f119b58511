"""Unit 08: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_08 import first, written

__all__ = ["EXERCISES"]

EXERCISES = unit("08_variational_families", first, written)
