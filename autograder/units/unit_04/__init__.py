"""Unit 04: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_04 import (
    cavi_rates,
    em_rate,
    geometric_m_step,
    natural_step,
    regression_cavi,
    responsibilities,
    sealed_case,
    steps_to_go,
    written,
)

__all__ = ["EXERCISES"]

EXERCISES = unit(
    "04_em_and_mean_field",
    responsibilities,
    geometric_m_step,
    em_rate,
    cavi_rates,
    regression_cavi,
    natural_step,
    steps_to_go,
    sealed_case,
    written,
)
