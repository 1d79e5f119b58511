"""Unit 07: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_07 import (
    conditional_gumbels,
    disarm,
    gumbel_softmax,
    rebar,
    relax_repaired,
    rewrite,
    sealed_case,
    straight_through,
    written,
)

__all__ = ["EXERCISES"]

EXERCISES = unit(
    "07_discrete_relaxations",
    gumbel_softmax,
    conditional_gumbels,
    straight_through,
    rewrite,
    disarm,
    rebar,
    relax_repaired,
    sealed_case,
    written,
)
