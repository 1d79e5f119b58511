"""Checks of every unit: what is asked of an answer, and how each likely mistake is recognised. One file per unit."""

import autograder.checks.unit_03
import autograder.checks.unit_09  # noqa: F401  (importing a unit registers its checks)
from autograder.checks.registry import CHECKS, Check, Part, part

__all__ = ["CHECKS", "Check", "Part", "part"]
