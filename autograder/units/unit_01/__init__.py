"""Unit 01: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_01 import (
    ancestral,
    blanket,
    correlation,
    grid,
    joint,
    kalman,
    long_grid,
    mixed,
    separation,
    written,
)

__all__ = ["EXERCISES"]

EXERCISES = unit(
    "01_graphical_models",
    ancestral,
    joint,
    blanket,
    correlation,
    mixed,
    kalman,
    grid,
    separation,
    long_grid,
    written,
)
