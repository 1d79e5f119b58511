"""Bits back: a coder and its decoder, made from three tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.unit_19.reference import comes_back, table
from autograder.units.unit_19.tables import Message, one_latent, spent

EXERCISE = exercise(
    __name__,
    title="Bits back",
    function="bits_back",
    points=4,
    difficulty=4,
    importance=5,
    minutes=40,
    read="section 4, Bits back",
    hides=["coding.bits_back:BitsBack.push", "coding.bits_back:BitsBack.pop"],
)

BITS = 1e-3  # a coder's rounding of probabilities, times a margin


def drive(probe: Probe, message: Message, tables: Sequence[Any]) -> dict[str, Any]:
    seen: dict[str, Any] = probe.drive(
        "tables/round_trip", tables=list(tables), rows=message.rows, seed=message.seed
    )
    return seen


def way_back(seen: dict[str, Any], message: Message) -> Finding | None:
    """What is wrong with the round trip, if anything is."""
    return comes_back(
        seen,
        message.rows,
        "decode(stack, count) returns so many whole numbers, in the order in which encode was given them.",
        "decode undoes encode step by step, the last step first: each pop there is a push here, with the same probabilities.",
    )


def _messages(
    rng: np.random.Generator, sizes: Sequence[tuple[int, int]], length: int
) -> list[Message]:
    found = []
    for states, symbols in sizes:
        chain = one_latent(
            table(rng, 1, states)[0], table(rng, states, symbols), table(rng, symbols, states)
        )
        rows = rng.integers(0, symbols, length)
        if symbols > 2:  # the ends differ; and a zero in the place of one that was left out is seen
            rows[0], rows[-1] = 1, 2
        else:
            rows[-1] = 1 - rows[0]
        found.append(Message(chain, rows, int(rng.integers(10**6))))
    return found


def _judged(probe: Probe, messages: Sequence[Message], trip: bool = True) -> Finding:
    """Net bits of each message, and, with ``trip``, the way back."""
    seen = [
        drive(probe, each, [each.chain.prior, each.chain.down[0], each.chain.up[0]])
        for each in messages
    ]
    if trip:
        for one, message in zip(seen, messages, strict=True):
            if broken := way_back(one, message):
                return broken
    got = np.array([one["spent"] for one in seen], dtype=float)
    want = np.array([spent(each)[0] for each in messages])
    known = (
        (
            "no bits back",
            "likeliest_latent",
            "This is what it costs when z is chosen without popping it: lossless, but no bit comes back.",
        ),
        (
            "forward",
            "order_of_rows",
            "These are the bits of the rows in the other order: decode should find the first row first.",
        ),
        ("prior", "popped_from_prior", "z is popped with p(z). It should be a draw from q(z | x)."),
        (
            "twice",
            "pushed_with_posterior",
            "z is pushed with q(z | x). Who decodes does not know x yet when z comes off.",
        ),
    )
    return compare(
        got,
        want,
        lambda: [
            Mistake(key, hint, np.array([spent(m, way)[0] for m in messages]))
            for way, key, hint in known
        ],
        rtol=0.0,
        atol=BITS,
        what="the bits that each message takes",
    )


@EXERCISE.part("Two latents, two symbols: the bits of a single row", weight=1.0)
def one_row(probe: Probe, rng: np.random.Generator) -> Finding:
    messages = _messages(rng, [(2, 2)] * 6, 1)
    messages = [each._replace(rows=rng.integers(0, 2, 1)) for each in messages]
    return _judged(probe, messages, trip=False)


@EXERCISE.part("Messages come back, row by row, and so does the stack", weight=1.5)
def round_trip(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _messages(rng, [(2, 3), (2, 2), (3, 2), (5, 4)], 12))


@EXERCISE.part("Any number of latents and symbols: the bits of messages", weight=1.0)
def many(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _messages(rng, [(4, 3), (3, 5), (7, 7), (2, 9)], 15))


@EXERCISE.part(
    "A posterior that excludes; one latent alone; a long message",
    weight=0.5,
    needs=["round_trip", "many"],
)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    (shut, alone, long) = _messages(rng, [(5, 4), (2, 4), (4, 6)], 12)
    posterior = shut.chain.up[0] * (rng.random(shut.chain.up[0].shape) < 0.5)
    posterior[:, 0] = np.where(posterior.sum(1) > 0, posterior[:, 0], 1.0)
    shut = shut._replace(
        chain=one_latent(
            shut.chain.prior, shut.chain.down[0], posterior / posterior.sum(1, keepdims=True)
        )
    )
    sure = one_latent(np.array([1.0, 0.0]), alone.chain.down[0], np.tile([1.0, 0.0], (4, 1)))
    long = long._replace(rows=rng.integers(0, 6, 80))
    return _judged(probe, [shut, alone._replace(chain=sure), long])
