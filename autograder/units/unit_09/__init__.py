"""Unit 09: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_09 import (
    best_coefficient,
    frozen_family,
    gaussian_path_derivative,
    landing_variances,
    score_coefficient,
    sealed_case,
    two_layers,
    vafc,
    written,
)

__all__ = ["EXERCISES"]

EXERCISES = unit(
    "09_sticking_the_landing",
    gaussian_path_derivative,
    frozen_family,
    landing_variances,
    two_layers,
    score_coefficient,
    best_coefficient,
    vafc,
    sealed_case,
    written,
)
