"""Latents above latents: the same net bits, and as few initial ones as can be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.unit_19.bits_back import BITS, drive, way_back
from autograder.units.unit_19.reference import table
from autograder.units.unit_19.tables import Chain, Message, spent

EXERCISE = exercise(
    __name__,
    title="Latents above latents",
    function="layered",
    points=3,
    difficulty=4,
    importance=3,
    minutes=35,
    read="section 7, Two layers",
    hides=[],
    because="course_vi codes with one layer of latents",
)


def _messages(
    rng: np.random.Generator, layers: Sequence[Sequence[int]], length: int
) -> list[Message]:
    """Each of ``layers`` holds the numbers of states of x, z_1, ..., z_L."""
    found = []
    for sizes in layers:
        pairs = list(zip(sizes, sizes[1:], strict=False))
        chain = Chain(
            table(rng, 1, sizes[-1])[0],
            [table(rng, above, below) for below, above in pairs],
            [table(rng, below, above) for below, above in pairs],
        )
        rows = rng.integers(0, sizes[0], length)
        if length > 1:
            rows[-1] = (rows[0] + 1) % sizes[0]
        found.append(Message(chain, rows, int(rng.integers(10**6))))
    return found


def _judged(probe: Probe, messages: Sequence[Message], trip: bool = True) -> Finding:
    seen = [
        drive(probe, each, [each.chain.prior, each.chain.down, each.chain.up]) for each in messages
    ]
    if trip:
        for one, message in zip(seen, messages, strict=True):
            if broken := way_back(one, message):
                return broken
    got = np.array([[one["spent"], one["lowest"]] for one in seen], dtype=float)
    want = np.array([spent(each) for each in messages])
    known = (
        (
            "all first",
            "all_popped_first",
            "This is what comes when all latents are popped before anything is pushed: lossless, but the stack goes lower than it must. "
            "What can be pushed as soon as z_1 is known?",
        ),
        (
            "no bits back",
            "likeliest_latent",
            "This is what it costs when latents are chosen without popping them: lossless, but no bit comes back.",
        ),
        (
            "forward",
            "order_of_rows",
            "These are the bits of the rows in the other order: decode should find the first row first.",
        ),
        (
            "prior",
            "popped_from_prior",
            "The top latent is popped with its prior. It should be a draw from q, given the one below.",
        ),
    )
    return compare(
        got,
        want,
        lambda: [
            Mistake(key, hint, np.array([spent(m, way) for m in messages]))
            for way, key, hint in known
        ],
        rtol=0.0,
        atol=BITS,
        what="(the bits of each message, the lowest level of the stack)",
    )


@EXERCISE.part("Two layers: the bits of a single row, and how low the stack goes", weight=1.0)
def two_layers(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _messages(rng, [(3, 2, 2), (2, 3, 4), (4, 5, 3), (2, 4, 6)], 1), False)


@EXERCISE.part("Many layers: messages, and how low the stack goes", weight=1.0)
def many_layers(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(
        probe, _messages(rng, [(4, 3, 2, 5), (3, 6, 4, 2, 3), (2, 5, 3, 4, 6, 2)], 6), False
    )


@EXERCISE.part("Messages come back, row by row, and so does the stack", weight=1.0)
def round_trip(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _messages(rng, [(3, 2, 4), (4, 3, 5, 2), (3, 7, 2, 3, 4)], 10))


@EXERCISE.part("One layer alone; a long message", weight=0.5, needs=["many_layers", "round_trip"])
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(
        probe, [*_messages(rng, [(4, 3), (3, 5)], 8), *_messages(rng, [(5, 4, 3, 3)], 40)]
    )
