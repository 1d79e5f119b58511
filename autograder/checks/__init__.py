"""Checks of every unit: what is asked of an answer, and how each likely mistake is recognised. Files ``unit_NN*.py`` register theirs."""

from autograder.checks.registry import CHECKS, Check, Part, part
from autograder.discover import import_units

__all__ = ["CHECKS", "Check", "Part", "part"]

import_units(__name__, __path__)
