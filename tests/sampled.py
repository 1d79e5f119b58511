"""Which of very many like tests `make test` runs: a sample that depends on names alone. `make test-all` runs all of them."""

import zlib
from typing import Any

import pytest


def later(name: str, one_in: int) -> list[Any]:
    """The marks of a test of this name: none for about one in so many, and ``slow`` for the others.

    >>> sum(not later(f"test {number}", one_in=4) for number in range(1000))
    249
    """
    return [] if zlib.crc32(name.encode()) % one_in == 0 else [pytest.mark.slow]
