"""What several exercises of unit 19 share: the stack of whole numbers, its slots, and tables of probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autograder.checks.compare import holds
from autograder.checks.finding import Finding
from autograder.units.shared import as_array

__all__ = ["LIMIT", "WORD", "Put", "comes_back", "counts_of", "draw", "head_of", "put", "table"]

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


def comes_back(seen: dict[str, Any], want: np.ndarray, form: str, undo: str) -> Finding | None:
    """What is wrong with the way back of a message, if anything is.

    Args:
        seen: ``rows`` that were decoded, whether the sent ones were ``kept`` as they were, and whether the stack came ``back``.
        want: the rows that were sent.
        form, undo: what is said where the shape is another, and where rows are.
    """
    rows = as_array(seen["rows"])
    if not seen["kept"]:
        hint = "Work on a copy of the rows."
        return holds(
            False,
            "the rows as they were",
            "rows that encode has changed",
            "argument_changed",
            hint,
        )
    if rows.shape != want.shape:
        return holds(
            False, f"rows of shape {want.shape} again", f"shape {rows.shape}", "form", form
        )
    if not np.array_equal(rows, want):
        if np.array_equal(rows[::-1], want):
            hint = "What is pushed last is popped first. With which row does encode begin?"
            return holds(False, "the rows in order", "the rows in reverse", "order_of_rows", hint)
        wrong = int((rows != want).reshape(len(want), -1).any(1).sum())
        actual = f"{wrong} of {len(want)} are others"
        return holds(False, "each row again", actual, "not_lossless", undo)
    if not seen["back"]:
        hint = "The rows are right, and the stack is not what it was: what encode popped, decode must push again."
        expected = "the stack as it was before the message"
        return holds(False, expected, "another one", "bits_not_given_back", hint)
    return None
