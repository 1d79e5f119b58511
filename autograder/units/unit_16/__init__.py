"""Unit 16: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_16 import (
    calibration,
    mean_alone,
    minibatch_elbo,
    pooled_posterior,
    process_elbo,
    sealed_case,
    seen_twice,
    shortfall,
    written,
)

__all__ = ["EXERCISES"]

EXERCISES = unit(
    "16_sets_and_functions",
    pooled_posterior,
    mean_alone,
    minibatch_elbo,
    seen_twice,
    process_elbo,
    shortfall,
    calibration,
    sealed_case,
    written,
)
