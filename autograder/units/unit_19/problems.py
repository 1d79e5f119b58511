"""Problems of unit 19: messages pushed symbol by symbol, and coders that are run forth and back on a stack with a meter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autograder.protocol.problems import driver
from course_vi.coding import MeteredStack, Stack

__all__: list[str] = []

WORDS = 400  # at the bottom of a stack: nobody runs out


@driver("ans/push_all")
def push_all(
    learner: Callable[..., Any],
    stack: list[int],
    symbols: Sequence[int],
    tables: Sequence[Sequence[int]],
) -> dict[str, Any]:
    """The stack after one push for each symbol."""
    for symbol, counts in zip(symbols, tables, strict=True):
        stack = [int(number) for number in learner(stack, symbol, list(counts))]
    return {"stack": np.array(stack, dtype=np.int64)}


@driver("tables/round_trip")
def round_trip(
    learner: Callable[..., Any], tables: list[Any], rows: Tensor, seed: int
) -> dict[str, Any]:
    """What a coder made from tables does to a message: ``rows`` on the stack and, by a second coder, off again.

    Returns: the bits it ``spent`` on the message, the ``lowest`` it came to; the ``rows`` that came back; whether the stack came
    ``back`` as it was, and whether the rows that were handed over were ``kept``.
    """
    stack, message = MeteredStack(WORDS, seed), rows.clone()
    before = stack.words()
    encode, _ = _pair(learner(*tables))
    encode(stack, message)
    _, decode = _pair(learner(*tables))
    second = MeteredStack(Stack(stack.words()))
    found = decode(second, len(rows))
    return {
        "spent": stack.spent,
        "lowest": stack.lowest,
        "rows": _numbers(found),
        "back": bool(np.array_equal(second.words(), before)),
        "kept": bool(torch.equal(message, rows)),
    }


def _numbers(found: Any) -> Any:
    """Rows as numbers, however they are held."""
    if isinstance(found, (list, tuple)) and found:
        return torch.stack([torch.as_tensor(each, dtype=torch.float64) for each in found])
    return torch.as_tensor(found, dtype=torch.float64)


def _pair(made: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    if not (isinstance(made, (tuple, list)) and len(made) == 2 and all(map(callable, made))):
        raise TypeError(
            f"it returned a {type(made).__name__}; expected two functions, encode and decode"
        )
    return made[0], made[1]


@driver("data/compress", trains=True)
def compress(
    learner: Callable[..., Any], train: Tensor, rows: Tensor, seed: int, dreams: int
) -> dict[str, Any]:
    """What a coder does to ``rows`` that learned from ``train``; the decoder is made anew, from the same data.

    Returns: the bits it ``spent``; the ``rows`` that came back; half of them, ``top``, where no more was asked for; whether the stack
    came ``back`` and the rows were ``kept``; and what its decoder makes of coin flips alone, ``dreamt (dreams, D)``.
    """
    stack, message = MeteredStack(WORDS, seed), rows.clone()
    before = stack.words()
    encode, _ = _pair(learner(train.clone()))
    encode(stack, message)
    _, decode = _pair(learner(train))
    second = MeteredStack(Stack(stack.words()))
    found = decode(second, len(rows))
    top = decode(MeteredStack(Stack(stack.words())), len(rows) // 2)
    dreamt = decode(MeteredStack(WORDS, seed + 1), dreams)
    return {
        "spent": stack.spent,
        "rows": _numbers(found),
        "top": _numbers(top),
        "back": bool(np.array_equal(second.words(), before)),
        "kept": bool(torch.equal(message, rows)),
        "dreamt": _numbers(dreamt),
    }
