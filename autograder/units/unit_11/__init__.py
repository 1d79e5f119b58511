"""Unit 11: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_11 import (
    amortized_elbo,
    climb,
    equal_cost,
    flow_recognizer,
    gaps,
    recognition_sample,
    sealed_case,
    train_recognizer,
    written,
)

__all__ = ["EXERCISES"]

EXERCISES = unit(
    "11_amortized_inference",
    recognition_sample,
    amortized_elbo,
    train_recognizer,
    climb,
    gaps,
    flow_recognizer,
    equal_cost,
    sealed_case,
    written,
)
