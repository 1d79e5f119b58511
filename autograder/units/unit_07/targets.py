"""Figures to aim for in problem set 07: the exact answer first, what a learner computed on top of it."""

from __future__ import annotations

__all__: list[str] = []
