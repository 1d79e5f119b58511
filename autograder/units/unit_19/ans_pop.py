"""Symbols off the stack: decoding fair bits is sampling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from autograder.checks.compare import compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array, unpack
from autograder.units.unit_19.reference import LIMIT, WORD, counts_of, draw, head_of

EXERCISE = exercise(
    __name__,
    title="Decoding is sampling",
    function="draw",
    points=3,
    difficulty=3,
    importance=5,
    minutes=25,
    read="section 3, Decoding is sampling",
    hides=["coding.ans:AnsStack.pop"],
)

EXACT = 1e-3  # whole numbers: to the bit


class Take(NamedTuple):
    """So many symbols off a stack, words first and the head last."""

    stack: list[int]
    counts: list[int]
    number: int


def _judged(probe: Probe, takes: Sequence[Take], what: str) -> Finding:
    """Symbols first, then the stacks that are left."""
    rest, wanted = [], []
    for take in takes:
        symbols, left = unpack(probe.value(*take), 2, "symbols, stack")
        right = draw(*take)
        finding = compare(
            as_array(symbols) if isinstance(symbols, list) else symbols,
            np.array(right[0], dtype=float),
            partial(_of_symbols, take),
            rtol=0.0,
            atol=EXACT,
            what=f"the symbols, {what},",
        )
        if not finding.ok:
            return finding
        rest.append(left)
        wanted.append(right[1])
    for got, want in zip(rest, wanted, strict=True):
        array = as_array(got)
        if array.shape != (len(want),):
            return _form(got, array, want, what)
    return compare(
        np.concatenate([as_array(got) for got in rest]),
        np.concatenate([np.array(want, dtype=float) for want in wanted]),
        lambda: _of_stacks(takes),
        rtol=0.0,
        atol=EXACT,
        what=f"the stacks that are left, {what},",
    )


def _form(got: object, array: np.ndarray, want: Sequence[int], what: str) -> Finding:
    if array.ndim != 1 or not array.size:
        return compare(got, np.array(want, dtype=float), what="the stack")
    expected = f"a stack of {len(want)} numbers, {what}"
    if array.size > len(want) and array[-1] < WORD:
        return holds(
            False,
            expected,
            f"{array.size}, and a head below 2^16",
            "head_too_small",
            "A head that falls below 2^16 takes the last word back, as long as there is one.",
        )
    return holds(
        False,
        expected,
        f"{array.size} numbers",
        "length",
        "Words first, the head last: is each of them still there?",
    )


def _of_symbols(take: Take) -> list[Mistake]:
    """Symbols that usual mistakes bring, from the same stack."""
    total = sum(take.counts)
    edges = np.cumsum(take.counts)

    def walk(shows: Callable[[int], int], again: bool = False) -> np.ndarray:
        *words, head = take.stack
        symbols = []
        for _ in range(take.number):
            symbol = shows(head)
            symbols.append(symbol)
            slot = head % total
            if again:
                head = head // total
            else:
                head = (
                    head // total * take.counts[symbol]
                    + slot
                    - int(edges[symbol] - take.counts[symbol])
                )
            if head < WORD and words:
                head = max(head, 0) * WORD + words.pop()
        return np.array(symbols, dtype=float)

    def right(head: int) -> int:
        return int(np.searchsorted(edges, head % total, side="right"))

    symbols = draw(*take)[0]
    known = [
        (
            "reversed",
            "The symbols stand in reverse: the one that is popped first comes first.",
            np.array(symbols[::-1], dtype=float),
        ),
        (
            "edge_of_slots",
            "A slot at the edge is given to the symbol below it: symbol s owns the slots from its first one on.",
            walk(
                lambda head: min(
                    int(np.searchsorted(edges, head % total, side="left")), len(edges) - 1
                )
            ),
        ),
        (
            "slots_dropped",
            "All that the slot says is thrown away. Which of the symbol's own slots it was is worth bits, and belongs on the stack.",
            walk(right, again=True),
        ),
    ]
    return [
        Mistake(key, hint, value) for key, hint, value in known if value.shape == (take.number,)
    ]


def _of_stacks(takes: Sequence[Take]) -> list[Mistake]:
    """What is left by mistakes that show in the last symbol only; all of ``takes`` are asked for one symbol."""
    if any(take.number > 1 for take in takes):
        return []

    def each(of: Callable[[int, int, int, int], int]) -> np.ndarray:
        rows: list[float] = []
        for stack, counts, _ in takes:
            *words, head = stack
            symbol = draw(stack, counts)[0][0]
            left = of(head, counts[symbol], sum(counts[:symbol]), sum(counts))
            if left < WORD and words:
                left = left * WORD + words.pop()
            rows += [*words, left]
        return np.array(rows, dtype=float)

    return [
        Mistake(
            "slots_dropped",
            "All that the slot says is thrown away. Which of the symbol's own slots it was is worth bits, and belongs on the stack.",
            each(lambda h, f, c, m: h // m),
        ),
        Mistake(
            "rank_by_blocks",
            "Which of the symbol's own slots it was is lost: heads that differ become one.",
            each(lambda h, f, c, m: h // m * f),
        ),
        Mistake(
            "slots_before_kept",
            "The slots of the symbols before it are still in the head. Its rank among heads that show the same symbol is asked.",
            each(lambda h, f, c, m: h // m * f + h % m),
        ),
        Mistake(
            "pushed",
            "The head has grown. A symbol that comes off takes bits with it.",
            each(lambda h, f, c, m: h // f * m + h % f + c),
        ),
    ]


@EXERCISE.part("One symbol, off a head with many bits", weight=1.0)
def one(probe: Probe, rng: np.random.Generator) -> Finding:
    takes = []
    for _ in range(8):
        counts = counts_of(rng, int(rng.integers(3, 9)), 2 ** int(rng.integers(4, 9)))
        words = rng.integers(0, WORD, 2).tolist()
        symbol, total = int(rng.integers(1, len(counts))), sum(counts)
        slot = sum(counts[:symbol]) + int(rng.integers(counts[symbol]))
        head = head_of(rng, LIMIT // 64, LIMIT) // total * total + slot  # no word comes back
        takes.append(Take([*words, head], counts, 1))
    return _judged(probe, takes, "one symbol off")


@EXERCISE.part("Many symbols, and words that come back", weight=1.5)
def many(probe: Probe, rng: np.random.Generator) -> Finding:
    takes = []
    for number in (30, 60, 9):
        counts = counts_of(rng, int(rng.integers(3, 9)), 2 ** int(rng.integers(4, 13)))
        words = rng.integers(0, WORD, 40).tolist()
        takes.append(Take([*words, head_of(rng, WORD, LIMIT)], counts, number))
    return _judged(probe, takes, "many symbols off")


@EXERCISE.part(
    "Edges of slots; symbols that own none or all; a stack that runs empty; no symbol at all",
    weight=0.75,
    needs=["one", "many"],
)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    takes = []
    for bits in (1, 2, 12, 16):
        counts = counts_of(rng, 2 if bits == 1 else 3, 2**bits)
        total, base = sum(counts), int(rng.integers(WORD // 2**bits + 1, WORD))
        starts = [0, *np.cumsum(counts)[:-1].tolist()]
        takes += [Take([7, base * total + start], counts, 1) for start in starts]
        takes += [Take([7, base * total + start - 1], counts, 1) for start in starts[1:]]
    for left in (WORD, WORD - 1):  # a word comes back below 2^16, not at it
        own = 2 ** int(rng.integers(2, 6))
        takes.append(Take([7, left // own * 64 + left % own], [own, 64 - own], 1))
    words = rng.integers(0, WORD, 6).tolist()
    gaps = counts_of(rng, 5, 64, empty=True)
    alone = [0, 2 ** int(rng.integers(0, 17)), 0]
    seldom = [2**16 - 1, 1]  # almost sure: the head hardly moves
    for group, what in (
        (takes, "where the slot lies at an edge"),
        ([Take([*words, head_of(rng, WORD, LIMIT)], gaps, 25)], "where symbols own no slot"),
        ([Take([*words, head_of(rng, WORD, LIMIT)], alone, 4)], "where one symbol owns all slots"),
        (
            [Take([*words, WORD], seldom, 3), Take([5, WORD * 3], [1, 2**16 - 1], 2)],
            "where one symbol is almost sure",
        ),
        (
            [
                Take([int(rng.integers(2, 99))], counts_of(rng, 4, 16), 8),
                Take([3, WORD], [9, 7], 60),
                Take([1], [1, 15], 6),  # the head is zero after one, and goes on showing slot zero
                Take([0], [3, 13], 2),
            ],
            "where the stack runs empty",
        ),
        ([Take([*words, head_of(rng, WORD, LIMIT)], gaps, 0)], "where no symbol is asked for"),
    ):
        finding = _judged(probe, group, what)
        if not finding.ok:
            return finding
    return finding
