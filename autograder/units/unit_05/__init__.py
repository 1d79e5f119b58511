"""Unit 05: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_05 import (
    bbvi,
    best_baseline,
    hurting_case,
    leave_one_out,
    moving_support,
    rao_blackwell,
    score_surrogate,
    sealed_case,
    written,
)

__all__ = ["EXERCISES"]

EXERCISES = unit(
    "05_score_function",
    score_surrogate,
    best_baseline,
    leave_one_out,
    moving_support,
    rao_blackwell,
    hurting_case,
    bbvi,
    sealed_case,
    written,
)
