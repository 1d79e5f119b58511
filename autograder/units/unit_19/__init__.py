"""Unit 19: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_19 import (
    ans_pop,
    ans_push,
    binned_rate,
    bits_back,
    compress,
    layered_latents,
    net_bits,
    sealed_case,
    written,
)

__all__ = ["EXERCISES"]

EXERCISES = unit(
    "19_bits_back",
    ans_push,
    ans_pop,
    bits_back,
    layered_latents,
    binned_rate,
    net_bits,
    compress,
    sealed_case,
    written,
)
