"""Unit 02: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_02 import log_evidence, written

__all__ = ["EXERCISES"]

EXERCISES = unit("02_marginal_likelihood", log_evidence, written)
