"""Unit 00: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_00 import (
    condition,
    is_biased,
    log_likelihood,
    log_mean_exp,
    value_and_gradient,
    woodbury,
    written,
    z_score,
)

__all__ = ["EXERCISES"]

EXERCISES = unit(
    "00_start_here",
    log_mean_exp,
    log_likelihood,
    value_and_gradient,
    z_score,
    is_biased,
    condition,
    woodbury,
    written,
)
