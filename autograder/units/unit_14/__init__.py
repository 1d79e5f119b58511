"""Unit 14: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_14 import (
    convex_guide,
    exact_guide,
    hierarchy,
    paths,
    renyi_faults,
    sealed_case,
    stl_loss,
    subsampling,
    written,
)

__all__ = ["EXERCISES"]

EXERCISES = unit(
    "14_pyro",
    hierarchy,
    exact_guide,
    subsampling,
    paths,
    convex_guide,
    stl_loss,
    renyi_faults,
    sealed_case,
    written,
)
