"""Bits back on tables: what right coders and usual wrong ones spend on a message, row by row, on the same fair bits."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from course_vi.coding import MeteredStack

__all__ = ["Chain", "Message", "one_latent", "spent", "through"]

WORDS = 400  # as in problems.py


class Chain(NamedTuple):
    """Latents z_1, ..., z_L above x.

    Attributes:
        prior: of z_L, ``(S_L)``.
        down: p(x | z_1), p(z_1 | z_2), ...: ``(S_1, X), (S_2, S_1), ...``.
        up: q(z_1 | x), q(z_2 | z_1), ...: ``(X, S_1), (S_1, S_2), ...``.
    """

    prior: np.ndarray
    down: list[np.ndarray]
    up: list[np.ndarray]


class Message(NamedTuple):
    """Rows ``(N)`` of a model, and the seed of the fair bits on which they are put."""

    chain: Chain
    rows: np.ndarray
    seed: int


def one_latent(prior: np.ndarray, likelihood: np.ndarray, posterior: np.ndarray) -> Chain:
    return Chain(prior, [likelihood], [posterior])


def spent(message: Message, way: str = "right") -> tuple[float, float]:
    """(bits spent, lowest) of a message, the last row first, in one of these ways.

    ``right``: each variable is pushed as soon as it can be. ``all first``: all latents of a row are popped before anything is pushed.
    ``no bits back``: the likeliest latents. ``forward``: the first row first. ``prior``: latents popped from what they are pushed with.
    ``twice``: latents pushed with q. ``from below``: each latent is pushed by the marginal prior of the top, without its parent.
    """
    chain, rows, seed = message
    stack = MeteredStack(WORDS, seed)
    for x in rows if way == "forward" else rows[::-1]:
        if way == "all first":
            _all_first(stack, chain, int(x))
        else:
            through(stack, chain, int(x), way)
    return stack.spent, stack.lowest


def through(stack: MeteredStack, chain: Chain, x: int, way: str = "right") -> None:
    """One row on the stack, layer by layer."""
    below, top = x, len(chain.down) - 1
    for layer, (down, up) in enumerate(zip(chain.down, chain.up, strict=True)):
        above = chain.prior if layer == top else None
        if way == "no bits back":
            z = int(np.argmax(up[below]))
        elif way == "prior" and above is not None:
            z = stack.pop(above)
        else:
            z = stack.pop(up[below])
        stack.push(below, down[z])
        below = z
    stack.push(below, chain.up[top][x] if way == "twice" and top == 0 else chain.prior)


def _all_first(stack: MeteredStack, chain: Chain, x: int) -> None:
    values = [x]
    for up in chain.up:
        values.append(stack.pop(up[values[-1]]))
    for below, above, down in zip(values, values[1:], chain.down, strict=False):
        stack.push(below, down[above])
    stack.push(values[-1], chain.prior)
