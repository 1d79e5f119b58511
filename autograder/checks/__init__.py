"""Checks of every unit: what is asked of an answer, and how each likely mistake is recognised. One file per unit."""

from autograder.checks import unit_03, unit_09
from autograder.checks.registry import CHECKS, Check, Part, part

__all__ = ["CHECKS", "Check", "Part", "part", "unit_03", "unit_09"]
