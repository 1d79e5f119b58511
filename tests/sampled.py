"""Which of very many like tests are run when: samples that depend on names alone.

`make test` runs a small sample, `make test-all` a larger one, and `make test-everything` all there are.
"""

import zlib
from typing import Any

import pytest


def later(name: str, one_in: int, all_in: int = 1) -> list[Any]:
    """The marks of a test of this name: none for one in ``one_in``, of the others ``slow`` for one in ``all_in``, else ``everything``, too.

    >>> names = [f"test {number}" for number in range(1000)]
    >>> sum(not later(name, one_in=4) for name in names)
    249
    >>> [sum(mark in later(name, 4, 2) for name in names) for mark in (pytest.mark.slow, pytest.mark.everything)]
    [751, 375]
    """
    place = zlib.crc32(name.encode())
    if place % one_in == 0:
        return []
    return (
        [pytest.mark.slow]
        if place // one_in % all_in == 0
        else [pytest.mark.slow, pytest.mark.everything]
    )


def seldom(name: str, one_in: int) -> list[Any]:
    """The marks of a slow test of this name: ``everything`` but for one in so many.

    >>> sum(not seldom(f"test {number}", one_in=2) for number in range(1000))
    498
    """
    return [] if zlib.crc32(name.encode()) % one_in == 0 else [pytest.mark.everything]
