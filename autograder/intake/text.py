"""Texts of cells, compared."""

from __future__ import annotations

__all__ = ["bare"]


def bare(source: str) -> str:
    """A text without what editors change unasked: spaces at the ends of lines, blank lines around it."""
    return "\n".join(line.rstrip() for line in source.strip().splitlines())
