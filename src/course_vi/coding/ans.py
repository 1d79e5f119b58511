r"""Asymmetric numeral systems (ANS) to read: a stack of bits that is one whole number, kept short by words of 16 bits.

``symbols.Stack`` does the same by a library, faster, and with probabilities that need not be fractions of a power of two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["AnsStack"]

WORD = 2**16
LIMIT = 2**32


class AnsStack:
    r"""A stack for symbols whose probabilities are whole numbers of ``counts`` over their sum M, a power of two up to 2^16.

    Number the slots of an alphabet 0 to M - 1: symbol s owns ``counts[s]`` of them, side by side, from :math:`c_s = \sum_{r<s} f_r` on.
    The head h of the stack *shows* the symbol that owns slot h mod M. Popping takes it off and leaves the rank of h among all heads that
    show the same symbol; pushing is the inverse:

    .. math:: \mathrm{pop}: h \mapsto f_s \lfloor h / M \rfloor + h \bmod M - c_s, \qquad
              \mathrm{push}: h \mapsto M \lfloor h / f_s \rfloor + h \bmod f_s + c_s.

    The head stays below 2^32. If a push would bring it there, its 16 lowest bits first move to ``words``; if a pop leaves less than
    2^16 in it, the last word comes back. What was pushed is popped in reverse order, and the stack is again what it was, to the bit.

    Args:
        words: whole numbers below 2^16, the one to come back first last.
        head: what is on top, 0 up to 2^32 - 1; at least 2^16 where there are words.

    Raises:
        ValueError: numbers that can be no stack.

    Source: Duda, "Asymmetric numeral systems", 2009.

    >>> stack = AnsStack(head=9)
    >>> stack.push(1, [5, 3]), stack.head
    (None, 29)
    >>> stack.pop([5, 3]), stack.head
    (1, 9)
    """

    def __init__(self, words: Sequence[int] = (), head: int = 1) -> None:
        self.words, self.head = [int(word) for word in words], int(head)
        if not all(0 <= word < WORD for word in self.words):
            raise ValueError("words has numbers outside 0 to 2^16 - 1; expected words of 16 bits")
        if not (WORD if self.words else 0) <= self.head < LIMIT:
            raise ValueError(
                f"head is {head} above {len(self.words)} words; expected less than 2^32, and at least 2^16 above words"
            )

    @property
    def bits(self) -> float:
        """The length: 16 for each word, and the logarithm of the head."""
        return 16.0 * len(self.words) + math.log2(max(self.head, 1))

    def push(self, symbol: int, counts: Sequence[int]) -> None:
        """Put a symbol on top; ``ValueError`` for one that has no slot, or counts that do not add up to a power of two."""
        total = _total(counts)
        if not 0 <= symbol < len(counts) or counts[symbol] == 0:
            raise ValueError(f"symbol is {symbol}; expected one with a slot in {list(counts)}")
        own, before = counts[symbol], sum(counts[:symbol])
        if self.head // own * total >= LIMIT:
            self.words.append(self.head % WORD)
            self.head //= WORD
        self.head = self.head // own * total + self.head % own + before

    def pop(self, counts: Sequence[int]) -> int:
        """Take the top symbol off; on fair bits each symbol comes with its probability. ``ValueError`` as for ``push``."""
        total = _total(counts)
        slot, symbol = self.head % total, 0
        while slot >= counts[symbol]:
            slot -= counts[symbol]
            symbol += 1
        self.head = self.head // total * counts[symbol] + slot
        if self.head < WORD and self.words:
            self.head = self.head * WORD + self.words.pop()
        return symbol


def _total(counts: Sequence[int]) -> int:
    total = sum(counts)
    if min(counts, default=-1) < 0 or not 1 <= total <= WORD or total & (total - 1):
        raise ValueError(
            f"counts has entries from {min(counts, default=0)} on that add up to {total}; "
            "expected none below 0, and a power of two up to 2^16"
        )
    return total
