"""Unit 17: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_17 import (
    bootstrap_filter,
    deep_markov_elbo,
    fault_limits,
    optimal_proposal,
    particles_needed,
    predict_years,
    predicted_noise,
    sealed_case,
    written,
)

__all__ = ["EXERCISES"]

EXERCISES = unit(
    "17_sequences",
    bootstrap_filter,
    fault_limits,
    optimal_proposal,
    predicted_noise,
    particles_needed,
    predict_years,
    deep_markov_elbo,
    sealed_case,
    written,
)
