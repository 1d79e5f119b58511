"""A symbol on the stack: the inverse of a pop that is defined in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from autograder.checks.compare import compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array
from autograder.units.unit_19.reference import LIMIT, WORD, Put, counts_of, head_of, put

EXERCISE = exercise(
    __name__,
    title="A symbol on the stack",
    function="push",
    points=3,
    difficulty=4,
    importance=5,
    minutes=40,
    read="section 2, A stack of bits",
    hides=["coding.ans:AnsStack.push"],
)

EXACT = 1e-3  # whole numbers: to the bit


def _mistakes(puts: Sequence[Put]) -> list[Mistake]:
    """The heads that usual mistakes leave, or the last numbers of the stack; of the shape of what is right."""

    def each(of: Callable[[int, int, int, int], int]) -> np.ndarray:
        rows = []
        for stack, symbol, counts in puts:
            *words, head = stack
            own, before, total = counts[symbol], sum(counts[:symbol]), sum(counts)
            full = len(put(stack, symbol, counts)) > len(stack)
            if full:
                words, head = [*words, head % WORD], head // WORD
            rows.append([*words, of(head, own, before, total)])
        return np.array(rows, dtype=float)

    return [
        Mistake(
            "first_slot",
            "The head shows the right symbol only by its first slot: heads that differ become one, so the stack cannot come back.",
            each(lambda h, f, c, m: h // f * m + c),
        ),
        Mistake(
            "slots_before_forgotten",
            "The slots of the symbols before this one are not counted: the head shows another symbol.",
            each(lambda h, f, c, m: h // f * m + h % f),
        ),
        Mistake(
            "probability_only",
            "The head is divided by the symbol's probability. It has the right length, but it does not say which symbol was pushed.",
            each(lambda h, f, c, m: h * m // f),
        ),
        Mistake(
            "popped",
            "This is what a pop would leave, if the head showed this symbol. A push makes the head larger.",
            each(lambda h, f, c, m: h // m * f + h % m - c),
        ),
        Mistake(
            "all_slots_alike",
            "This is right where each symbol owns one slot. A symbol that owns more is cheaper: its heads lie closer together.",
            each(lambda h, f, c, m: h * m + c),
        ),
        Mistake(
            "own_slots_after",
            "The slots are counted up to the end of the symbol's own, not to their beginning.",
            each(lambda h, f, c, m: h // f * m + h % f + c + f),
        ),
    ]


def _moved(puts: Sequence[Put]) -> list[Mistake]:
    """Mistakes about the word that moves, where one does."""
    want = np.array([put(*each) for each in puts], dtype=float)
    high = [
        [*stack[:-1], stack[-1] // WORD, put([stack[-1] % WORD], symbol, counts)[-1]]
        for stack, symbol, counts in puts
    ]
    first = [[stack[-1] % WORD, *stack[:-1]] for stack, _, _ in puts]
    return [
        Mistake(
            "high_bits_moved",
            "The 16 highest bits moved. Those that change next are the lowest: the head needs the room above.",
            np.array(high, dtype=float),
        ),
        Mistake(
            "word_below",
            "The word went to the bottom of the stack. What leaves the head last comes back first.",
            np.concatenate([np.array(first, dtype=float), want[:, -1:]], 1),
        ),
    ]


def _judged(probe: Probe, puts: Sequence[Put], what: str, moved: bool = False) -> Finding:
    """All stacks at once; ``puts`` have as many words as each other, before and after."""
    want = np.array([put(*each) for each in puts], dtype=float)
    replies = [probe.value(*each) for each in puts]
    arrays = [as_array(reply) for reply in replies]
    for reply, array, right in zip(replies, arrays, want, strict=True):
        if array.shape != right.shape:
            return _form(reply, array, right, what)
    return compare(
        np.stack(arrays),
        want,
        lambda: [*_mistakes(puts), *(_moved(puts) if moved else [])],
        rtol=0.0,
        atol=EXACT,
        what=f"the stacks, {what},",
    )


def _form(reply: object, array: np.ndarray, right: np.ndarray, what: str) -> Finding:
    """What to say of a result of another length."""
    if array.ndim != 1 or not array.size:
        return compare(reply, right, what="the stack")
    expected = f"a stack of {right.size} numbers, {what}"
    if array.size == right.size - 1 and array[-1] >= LIMIT:
        return holds(
            False,
            expected,
            f"{array.size}, and a head of 2^32 or more",
            "head_too_large",
            "A head that would not stay below 2^32 first gives its 16 lowest bits away, and then takes the symbol.",
        )
    if array.size > right.size:
        return holds(
            False,
            expected,
            f"{array.size}: a word moved that need not",
            "moved_early",
            "A word moves only if the head would otherwise reach 2^32: a pop would not bring it back.",
        )
    return holds(
        False,
        expected,
        f"{array.size} numbers",
        "length",
        "Words first, the head last: is each of them still there?",
    )


@EXERCISE.part("A head with room", weight=1.5)
def room(probe: Probe, rng: np.random.Generator) -> Finding:
    puts = []
    for _ in range(8):
        counts = counts_of(rng, int(rng.integers(3, 9)), 2 ** int(rng.integers(4, 9)))
        symbol = int(rng.integers(1, len(counts)))
        words = rng.integers(0, WORD, 2).tolist()
        room_left = LIMIT // sum(counts) * counts[symbol]
        puts.append(Put([*words, head_of(rng, WORD, room_left)], symbol, counts))
    return _judged(probe, puts, "where the head has room")


@EXERCISE.part("A full head: a word moves", weight=1.0)
def full(probe: Probe, rng: np.random.Generator) -> Finding:
    puts = []
    for _ in range(8):
        counts = counts_of(rng, int(rng.integers(3, 9)), 2 ** int(rng.integers(4, 9)))
        symbol = int(rng.integers(1, len(counts)))
        words = rng.integers(0, WORD, 2).tolist()
        least = LIMIT // sum(counts) * counts[symbol]
        puts.append(Put([*words, head_of(rng, least, LIMIT)], symbol, counts))
    return _judged(probe, puts, "where the head is full", moved=True)


@EXERCISE.part(
    "At the edge of full, to one; few slots and very many; no words; a symbol that owns all",
    weight=0.75,
    needs=["room"],
)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    brink, over, bare = [], [], []
    for bits in (1, 2, 12, 16):
        counts = counts_of(rng, 2 if bits == 1 else 3, 2**bits)
        symbol = int(rng.choice([s for s, own in enumerate(counts) if own > 1 or bits == 1]))
        least = LIMIT // sum(counts) * counts[symbol]
        word = [int(rng.integers(WORD))]
        brink.append(Put([*word, least - 1], symbol, counts))
        over.append(Put([*word, least], symbol, counts))
        last = len(counts) - 1
        bare += [Put([head], last, counts) for head in (0, 1, int(rng.integers(2, WORD)))]
    for own in range(1, 16):  # whole numbers decide: a logarithm is rounded to below 32 for some
        over.append(Put([int(rng.integers(WORD)), LIMIT // 16 * own], 0, [own, 16 - own]))
    alone = Put([int(rng.integers(WORD, LIMIT))], 1, [0, 2 ** int(rng.integers(0, 17)), 0])
    gaps = Put([int(rng.integers(WORD, 2 * WORD))], 3, counts_of(rng, 4, 64, empty=True))
    for puts, what in (
        (brink, "where one more would be too much"),
        (over, "where the head is full by one"),
        (bare, "without words"),
        ([alone, gaps], "where symbols own all slots or none"),
    ):
        finding = _judged(probe, puts, what, moved=puts is over)
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part("A long message, to the bit", weight=0.75, needs=["room", "full"])
def message(probe: Probe, rng: np.random.Generator) -> Finding:
    tables, symbols, stack = [], [], [1]
    for _ in range(150):
        counts = counts_of(rng, int(rng.integers(2, 7)), 2 ** int(rng.integers(3, 13)))
        tables.append(counts)
        symbols.append(int(rng.choice(len(counts), p=np.array(counts) / sum(counts))))
    for symbol, counts in zip(symbols, tables, strict=True):
        stack = put(stack, symbol, counts)
    actual = probe.drive("ans/push_all", stack=[1], symbols=symbols, tables=tables)
    got, want = as_array(actual["stack"]), np.array(stack, dtype=float)
    if got.shape != want.shape:
        return holds(
            False,
            f"a stack of {want.size} numbers after 150 symbols",
            f"{got.size} numbers",
            "length",
            "Does a word move whenever the head would reach 2^32, and only then?",
        )
    return compare(got, want, rtol=0.0, atol=EXACT, what="the stack after 150 symbols")
