"""Unit 12: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_12 import first, written

__all__ = ["EXERCISES"]

EXERCISES = unit("12_helmholtz_machines", first, written)
