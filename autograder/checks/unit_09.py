"""Checks of unit 09, Sticking the landing: importing them registers them."""

from __future__ import annotations

from autograder.checks import unit_09_families, unit_09_gaussian, unit_09_scores, unit_09_vafc, unit_09_variances

__all__ = ["unit_09_families", "unit_09_gaussian", "unit_09_scores", "unit_09_vafc", "unit_09_variances"]
