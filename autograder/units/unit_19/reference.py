"""What several exercises of unit 19 share: the stack of whole numbers, its slots, and tables of probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

__all__ = ["LIMIT", "WORD", "Put", "counts_of", "draw", "head_of", "put", "table"]

WORD, LIMIT = 2**16, 2**32


class Put(NamedTuple):
    """One push: a stack, words first and the head last; a symbol; and the slots that each symbol owns."""

    stack: list[int]
    symbol: int
    counts: list[int]


def put(stack: Sequence[int], symbol: int, counts: Sequence[int]) -> list[int]:
    """The stack with the symbol on top."""
    *words, head = (int(number) for number in stack)
    own, before, total = counts[symbol], sum(counts[:symbol]), sum(counts)
    if head // own * total + head % own + before >= LIMIT:
        words, head = [*words, head % WORD], head // WORD
    return [*words, head // own * total + head % own + before]


def draw(
    stack: Sequence[int], counts: Sequence[int], number: int = 1
) -> tuple[list[int], list[int]]:
    """So many symbols off the stack, and what is left."""
    *words, head = (int(each) for each in stack)
    edges, symbols = np.cumsum(counts).tolist(), []
    total = edges[-1]
    for _ in range(number):
        slot = head % total
        symbol = int(np.searchsorted(edges, slot, side="right"))
        head = head // total * counts[symbol] + slot - (edges[symbol] - counts[symbol])
        if head < WORD and words:
            head = head * WORD + words.pop()
        symbols.append(symbol)
    return symbols, [*words, head]


def counts_of(rng: np.random.Generator, size: int, total: int, empty: bool = False) -> list[int]:
    """Slots of unequal number, at least one for each symbol; with ``empty`` the middle ones own none."""
    free = rng.multinomial(total - size, rng.dirichlet(np.full(size, 0.7)))
    counts = [int(each) + 1 for each in free]
    if empty:
        for middle in range(1, size - 1):
            counts[0] += counts[middle]
            counts[middle] = 0
    return counts


def head_of(rng: np.random.Generator, low: int, high: int) -> int:
    """A head from low up to high, its size in bits uniform."""
    return min(high - 1, int(np.exp(rng.uniform(np.log(max(low, 1)), np.log(high)))) | 1)


def table(rng: np.random.Generator, rows: int, columns: int, spread: float = 0.7) -> np.ndarray:
    """Probabilities, a distribution in each row, none of them below a thousandth."""
    drawn = rng.dirichlet(np.full(columns, spread), size=rows) + 0.004
    value: np.ndarray = drawn / drawn.sum(1, keepdims=True)
    return value
