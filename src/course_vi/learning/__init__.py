"""Algorithms that turn the crank."""

from course_vi.learning.fit import History, fit, smoke_cap

__all__ = ["History", "fit", "smoke_cap"]
