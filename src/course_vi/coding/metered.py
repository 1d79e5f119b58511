"""A stack with a meter: single symbols on and off, what each cost, and how low the stack has been."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from course_vi.coding.symbols import CategoricalCode, Stack

__all__ = ["Entry", "MeteredStack"]


class Entry(NamedTuple):
    """One symbol that went on or came off.

    Attributes:
        kind: ``"push"`` or ``"pop"``.
        symbol: which.
        bits: what it cost, minus the base-2 logarithm of its probability; negative for a pop, which gives them.
    """

    kind: str
    symbol: int
    bits: float


class MeteredStack:
    r"""A stack of bits for symbols one at a time, with a meter on it.

    Args:
        words: random words at the bottom, as in ``Stack.random``; or a ``Stack``, which is used as it is.
        seed: of the random words.

    Attributes:
        entries: all that happened, in order.
        spent: the sum of the bits of all entries: by how much the stack has grown, but for the coder's rounding.
        lowest: the least that ``spent`` has been, never above zero: minus the initial bits that were needed.

    >>> stack = MeteredStack(4)
    >>> stack.push(1, [0.75, 0.25])
    >>> stack.pop([0.75, 0.25]), round(stack.spent, 4), [entry.kind for entry in stack.entries]
    (1, 0.0, ['push', 'pop'])
    """

    def __init__(self, words: int | Stack = 32, seed: int = 0) -> None:
        self.stack = words if isinstance(words, Stack) else Stack.random(words, seed)
        self.entries: list[Entry] = []
        self.spent = self.lowest = 0.0

    @property
    def bits(self) -> int:
        """The length in bits, to the last one that is set."""
        return self.stack.bits

    def words(self) -> np.ndarray:
        """Everything on the stack, ``(n,)`` of uint32."""
        return self.stack.words()

    def push(self, symbol: int | Tensor, probs: Tensor | np.ndarray | list[float]) -> None:
        """Push one symbol; ``probs: (S)`` are the probabilities of all. ``ValueError`` for what is none of them."""
        code = CategoricalCode(_row(probs))
        pushed = np.array([int(symbol)])
        if pushed[0] != float(symbol):
            raise ValueError(f"symbol is {float(symbol):g}; expected a whole number")
        self.stack.push(pushed, code)
        self._note("push", pushed, code)

    def pop(self, probs: Tensor | np.ndarray | list[float]) -> int:
        """Pop one symbol, told as ``probs: (S)``; from fair bits it is a draw from them."""
        code = CategoricalCode(_row(probs))
        popped = self.stack.pop(code)
        self._note("pop", popped, code)
        return int(popped[0])

    def _note(self, kind: str, symbol: np.ndarray, code: CategoricalCode) -> None:
        sign = -1.0 if kind == "push" else 1.0
        bits = sign * float(code.log_prob(symbol)[0]) / math.log(2)
        self.entries.append(Entry(kind, int(symbol[0]), bits))
        self.spent += bits
        self.lowest = min(self.lowest, self.spent)


def _row(probs: Tensor | np.ndarray | list[float]) -> Tensor:
    return torch.as_tensor(probs, dtype=torch.float64).detach().unsqueeze(0)
