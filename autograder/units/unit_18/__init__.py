"""Unit 18: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_18 import first, written

__all__ = ["EXERCISES"]

EXERCISES = unit("18_exact_likelihood_gradients", first, written)
