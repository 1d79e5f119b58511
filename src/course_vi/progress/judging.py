"""Whether a guess agrees with what came: a choice by its words, a number within a tenth."""

from __future__ import annotations

import math

__all__ = ["as_number", "judged"]

CLOSE = 0.1  # of the truth


def judged(guess: str, kind: str, truth: str) -> bool | None:
    """Whether a choice was right, or a number within a tenth of it; None for words, which nobody can judge by program.

    Args:
        guess: what was said.
        kind: ``"choice"``, ``"number"`` or ``"words"``.
        truth: what came.

    >>> judged("0,95", "number", "1"), judged("above", "choice", "below"), judged("it rises", "words", "up")
    (True, False, None)
    """
    if kind == "number":
        value, right = as_number(guess), as_number(truth)
        return None if value is None or right is None else abs(value - right) <= CLOSE * abs(right) + 1e-12  # fmt: skip
    return guess == truth if kind == "choice" else None


def as_number(text: str) -> float | None:
    """A finite number as people write one, with a point or a comma; None for anything else.

    >>> as_number("0,3"), as_number("many"), as_number("inf")
    (0.3, None, None)
    """
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) else None
