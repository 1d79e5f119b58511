"""Unit 07: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_07 import (
    conditional_gumbels,
    gumbel_softmax,
    straight_through,
    rewrite,
    written,
)

__all__ = ["EXERCISES"]

EXERCISES = unit(
    "07_discrete_relaxations",
    gumbel_softmax,
    conditional_gumbels,
    straight_through,
    rewrite,
    written,
)
