"""Unit 15: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_15 import (
    conditional,
    flow_prior,
    rate_distortion,
    same_data,
    sealed_case,
    total_correlation,
    two_scores,
    water_level,
    written,
)

__all__ = ["EXERCISES"]

EXERCISES = unit(
    "15_vae_variants",
    rate_distortion,
    water_level,
    total_correlation,
    same_data,
    two_scores,
    conditional,
    flow_prior,
    sealed_case,
    written,
)
