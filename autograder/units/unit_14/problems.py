"""Drivers of unit 14, all of them: what Pyro programs of a learner do, in double precision."""

from __future__ import annotations

from autograder.units.unit_14 import (
    problems_faults,
    problems_guides,
    problems_handlers,
    problems_hierarchy,
    problems_losses,
    problems_paths,
)

__all__ = [
    "problems_faults",
    "problems_guides",
    "problems_handlers",
    "problems_hierarchy",
    "problems_losses",
    "problems_paths",
]
