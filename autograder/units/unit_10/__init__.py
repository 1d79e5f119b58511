"""Unit 10: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_10 import (
    any_smooth_bound,
    jackknife,
    renyi,
    renyi_bias,
    sealed_case,
    signal_to_noise,
    thermodynamic_curve,
    vimco,
    written,
)

__all__ = ["EXERCISES"]

EXERCISES = unit(
    "10_tighter_bounds",
    renyi,
    renyi_bias,
    jackknife,
    thermodynamic_curve,
    any_smooth_bound,
    signal_to_noise,
    vimco,
    sealed_case,
    written,
)
