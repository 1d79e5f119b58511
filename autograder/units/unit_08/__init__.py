"""Unit 08: its exercises, in the order in which they are asked."""

from autograder.checks.exercise import unit
from autograder.units.unit_08 import (
    asvi_chain,
    best_blocks,
    block_fit,
    centring,
    coupling_flow,
    exact_factor,
    pattern,
    sealed_case,
    sparse_normal,
    written,
)

__all__ = ["EXERCISES"]

EXERCISES = unit(
    "08_variational_families",
    pattern,
    sparse_normal,
    block_fit,
    best_blocks,
    exact_factor,
    asvi_chain,
    centring,
    coupling_flow,
    sealed_case,
    written,
)
