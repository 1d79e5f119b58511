"""Checks that teach, and the grading loop around them. A learner needs one name: ``from autograder import check``."""

from autograder.check import check

__all__ = ["check"]
