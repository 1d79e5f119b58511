"""Unit 02: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_02 import (
    best_scale,
    gp_evidence,
    log_evidence,
    missing_half,
    ml_two,
    predicted_bias,
    sealed_case,
    stein_risk,
    written,
)

__all__ = ["EXERCISES"]

EXERCISES = unit(
    "02_marginal_likelihood",
    log_evidence,
    best_scale,
    predicted_bias,
    ml_two,
    stein_risk,
    missing_half,
    gp_evidence,
    sealed_case,
    written,
)
