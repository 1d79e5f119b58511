"""What a cell printed, as far as a slide shows it: what was measured, and a few short lines."""

from __future__ import annotations

import re

__all__ = ["claims_of", "is_short"]

WIDEST, LONGEST = 104, 9  # of what was printed, where an answer has no figure
CLAIM = re.compile(r"(?m)^holds: (.+?)  \((n = .+)\)$")


def claims_of(printed: str) -> list[str]:
    """The lines of ``claim`` in what a cell printed.

    >>> claims_of("holds: three is more than two  (n = 5, difference +1 ± 0.032, t = +31.6)")
    ['three is more than two (n = 5, difference +1 ± 0.032, t = +31.6)']
    """
    return [f"{sentence} ({numbers})" for sentence, numbers in CLAIM.findall(printed)]


def is_short(printed: str) -> bool:
    """Whether it finds a place below the words of an answer."""
    lines = printed.splitlines()
    return 0 < len(lines) <= LONGEST and max(map(len, lines)) <= WIDEST
