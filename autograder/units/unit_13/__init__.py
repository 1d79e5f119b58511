"""Unit 13: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_13 import (
    active_units,
    completion,
    kl,
    likelihood,
    linear,
    objective,
    sealed_case,
    train,
    written,
)

__all__ = ["EXERCISES"]

EXERCISES = unit(
    "13_variational_autoencoders",
    kl,
    objective,
    train,
    likelihood,
    active_units,
    completion,
    linear,
    sealed_case,
    written,
)
