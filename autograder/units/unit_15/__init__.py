"""Unit 15: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_15 import first, written

__all__ = ["EXERCISES"]

EXERCISES = unit("15_vae_variants", first, written)
