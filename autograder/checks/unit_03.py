"""Checks of unit 03, The ELBO: the forms and the bit rate, the KL divergences, the naive gradient."""

from __future__ import annotations

from autograder.checks import unit_03_forms, unit_03_kls, unit_03_mixture, unit_03_naive

__all__ = ["unit_03_forms", "unit_03_kls", "unit_03_mixture", "unit_03_naive"]
