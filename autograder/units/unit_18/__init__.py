"""Unit 18: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_18 import (
    break_even,
    burn_in,
    coupled_metropolis,
    fan_slopes,
    maximal_coupling,
    meeting_tail,
    sealed_case,
    telescoping,
    written,
)

__all__ = ["EXERCISES"]

EXERCISES = unit(
    "18_exact_likelihood_gradients",
    maximal_coupling,
    coupled_metropolis,
    telescoping,
    meeting_tail,
    fan_slopes,
    burn_in,
    break_even,
    sealed_case,
    written,
)
