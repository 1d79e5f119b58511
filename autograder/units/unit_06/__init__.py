"""Unit 06: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_06 import (
    implicit_gamma,
    location_scale,
    pathwise_elbo,
    predicted_variances,
    runaway,
    score_wins,
    sealed_case,
    three_ways,
    two_repairs,
    written,
)

__all__ = ["EXERCISES"]

EXERCISES = unit(
    "06_reparametrization",
    location_scale,
    pathwise_elbo,
    three_ways,
    predicted_variances,
    score_wins,
    runaway,
    implicit_gamma,
    two_repairs,
    sealed_case,
    written,
)
