"""S: the law of the meeting time of two coupled chains, exactly, from the chain of pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.unit_18.reference import (
    RTOL,
    common,
    draw_chain,
    draw_law,
    judged,
    pairs,
    second_eigenvalue,
    variation,
)

__all__ = ["EXERCISE", "Given", "right", "unmet"]

EXERCISE = exercise(
    __name__,
    title="S: when they meet",
    function="meeting_tail",
    points=4,
    difficulty=5,
    importance=5,
    minutes=50,
    read="section 6, When do they meet?",
    hides=[
        "chains.pair_chain:meeting_tail",
        "chains.pair_chain:meeting_rate",
        "chains.pair_chain:pair_kernel",
    ],
)

NAMES = "tail, rate, mean"
TAIL, RATE, MEAN = 0, 1, 2
SAID = ("P(tau > t) for t = 0, 1, ...", "the rate", "the mean of tau")
DIGITS = 1e-6  # of the rate: eigenvalues may be ill conditioned


class Given(NamedTuple):
    """A transition matrix ``(S, S)``, the law of X_0 and of Y_0 ``(S)``, and the last t."""

    moves: np.ndarray
    start: np.ndarray
    steps: int


def unmet(kernel: np.ndarray) -> np.ndarray:
    """T: the kernel ``(S, S, S, S)`` among pairs that are apart, as a matrix over all pairs."""
    size = len(kernel)
    apart = 1 - np.eye(size).ravel()
    found: np.ndarray = kernel.reshape(size**2, size**2) * apart * apart[:, None]
    return found


def _law(
    matrix: np.ndarray, first: np.ndarray, steps: int, head: bool = True
) -> tuple[np.ndarray, float, float]:
    """Tail, rate and mean from T and the law of the first pair ``(S, S)``; ``head``: t = 0 stands before it."""
    size = len(first)
    now = (first * (1 - np.eye(size))).ravel()
    taken = float(now @ np.linalg.pinv(np.eye(size**2) - matrix) @ np.ones(size**2))
    tail = [1.0] if head else []
    for _ in range(steps + 1):
        tail.append(float(now.sum()))
        now = now @ matrix
    rate = float(np.abs(np.linalg.eigvals(matrix)).max())
    return np.array(tail[: steps + 1]), rate, taken + head


def right(given: Given) -> list[np.ndarray]:
    moves, start, steps = given
    found = _law(unmet(pairs(moves)), np.outer(start @ moves, start), steps)
    return [np.asarray(part) for part in found]


def _independent(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    value: np.ndarray = p[..., None] * q[..., None, :]
    return value


def _mistakes(given: Given, row: int) -> list[Mistake]:
    moves, start, steps = given
    size, first = len(moves), np.outer(start @ moves, start)
    second, ts = second_eigenvalue(moves), np.arange(steps + 1)
    matrix = unmet(pairs(moves))
    tail, rate, mean = right(given)
    farthest = max(float(variation(moves[i], moves[j])) for i in range(size) for j in range(size))
    together = [first]
    loose = pairs(moves, _independent)
    for _ in range(steps):
        together.append(np.einsum("xy,xyab->ab", together[-1], loose))
    not_sticking = np.array([1.0] + [1 - np.trace(law) for law in together[:steps]])
    unlagged = _law(matrix, np.outer(start, start), steps, head=False)
    one_uniform = _law(unmet(pairs(moves, common)), first, steps)
    alone = _law(unmet(loose), first, steps)
    three = {
        "independent_chains": (
            "This is for two independent chains. Coupled maximally they meet sooner.",
            alone,
        ),
        "one_uniform": (
            "This is for the coupling by one uniform, not for the one that meets as often as it can.",
            one_uniform,
        ),
        "lag_forgotten": (
            "Here both chains begin at the same time. X_1 has made a move, alone, when it is first compared with Y_0.",
            unlagged,
        ),
    }
    known = [Mistake(key, hint, np.asarray(found[row])) for key, (hint, found) in three.items()]
    if row == TAIL:
        known += [
            Mistake(
                "eigenvalue_of_one_chain",
                "This is a power of the second eigenvalue of P. It says how one chain forgets; meeting is a matter of pairs.",
                np.abs(second) ** ts,
            ),
            Mistake(
                "does_not_stick",
                "This is P(X_t and Y_{t-1} differ) for chains that may part again. tau is the *first* time that they are equal.",
                not_sticking,
            ),
            Mistake(
                "worst_pair",
                "This is the power of the largest total variation between two rows: a bound. Where the pair stands decides.",
                np.concatenate([[1.0], tail[1] * farthest ** ts[:-1]]),
            ),
            Mistake(
                "one_late",
                "The entries stand one place too early: at t = 0 the two cannot have met, so P(tau > 0) = 1.",
                right(given._replace(steps=steps + 1))[TAIL][1:],
            ),
            Mistake(
                "the_law_for_the_tail",
                "This is P(tau = t). Asked is P(tau > t).",
                np.concatenate([[0.0], tail[:-1] - tail[1:]]),
            ),
            Mistake("distribution_function", "This is P(tau <= t). Asked is P(tau > t).", 1 - tail),
        ]
    if row == RATE:
        reached = first.ravel() > 0
        for _ in range(size**2):
            reached = reached | ((reached @ (matrix > 0)) > 0)
        within = matrix * reached * reached[:, None]
        known += [
            Mistake(
                "rate_from_this_start",
                "This is the rate from this start. From pairs of states to which it does not lead the tail falls more slowly.",
                np.abs(np.linalg.eigvals(within)).max(),
            ),
            Mistake(
                "eigenvalue_of_one_chain",
                "This is the second eigenvalue of P. It says how fast one chain forgets; meeting is a matter of pairs.",
                np.asarray(second),
            ),
            Mistake(
                "worst_pair",
                "This is the largest total variation between two rows: a bound on the rate.",
                np.asarray(farthest),
            ),
        ]
    if row == MEAN:
        known += [
            Mistake(
                "geometric",
                "This is 1 / (1 - rate), as if every step had the same chance.",
                np.asarray(1 / (1 - rate)),
            ),
            Mistake("tail_cut", "The mean sums the whole tail, not only what was asked for.", np.asarray(tail.sum())),
            Mistake("head_lost", "The mean of tau is the sum of P(tau > t) from t = 0 on.", np.asarray(mean - 1)),
        ]  # fmt: skip
    return known


def _judge(probe: Probe, cases: Sequence[Given], *rows: int) -> Finding:
    def place(given: Given) -> str:
        return f"for {len(given.moves)} states"

    return judged(
        probe,
        cases,
        rows,
        right,
        NAMES,
        _mistakes,
        SAID,
        place,
        rtol=DIGITS if rows == (RATE,) else RTOL,
    )


def _given(
    rng: np.random.Generator, size: int, steps: int, stay: float = 0.0, point: bool = False
) -> Given:
    moves = draw_chain(rng, size, stay=stay)
    start = np.eye(size)[rng.integers(size)] if point else draw_law(rng, size)
    return Given(moves, start, steps)


def _left(rng: np.random.Generator) -> Given:
    """Three states that the chain does not leave, and in one of which it begins; and two in which it lingers, and where it never comes."""
    moves = np.zeros((5, 5))
    moves[:3, :3] = np.full((3, 3), 0.2) + 0.4 * draw_chain(rng, 3)
    moves[3:] = 0.1 * draw_chain(rng, 5)[3:] + 0.9 * np.eye(5)[3:]
    moves[3, :] = 0.9 * moves[3] + 0.1 * np.array([0.4, 0.3, 0.3, 0.0, 0.0])
    order = rng.permutation(5)
    return Given(moves[np.ix_(order, order)], np.eye(5)[int(np.flatnonzero(order == 0)[0])], 6)


def _near(rng: np.random.Generator) -> Given:
    """Pairs that part slowly, at rates within a few thousandths of each other."""
    leave = 0.02 + 0.001 * rng.permutation(5) / 5
    moves = np.eye(5) * (1 - leave[:, None]) + leave[:, None] * (1 - np.eye(5)) / 4
    return Given(moves, draw_law(rng, 5), 6)


def _cases(rng: np.random.Generator) -> list[Given]:
    return [
        _given(rng, 3, 8, 0.3),
        _given(rng, 5, 12, point=True),
        _given(rng, 4, 10, 0.5, point=True),
        _given(rng, 6, 6),
    ]


@EXERCISE.part("The tail", weight=2)
def tail(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judge(probe, _cases(rng), TAIL)


@EXERCISE.part("The rate in the long run")
def rate(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judge(probe, [*_cases(rng), _left(rng), _near(rng)], RATE)


@EXERCISE.part("The mean")
def mean(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judge(probe, [*_cases(rng), _given(rng, 4, 1, 0.8, point=True)], MEAN)


@EXERCISE.part(
    "Two states, that swap or stay; a chain that forgets at once; moves without chance; slow chains",
    weight=0.5,
)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    a, b = rng.uniform(0.6, 0.9, 2)
    swap = np.array([[1 - a, a], [b, 1 - b]])
    forgets = np.repeat(draw_law(rng, 4)[None], 4, 0)
    holes = draw_chain(rng, 5)
    holes[np.arange(5), (np.arange(5) + int(rng.integers(1, 5))) % 5] = 0
    holes /= holes.sum(1, keepdims=True)
    cases = [
        Given(swap, draw_law(rng, 2), 5),
        _given(rng, 2, 4, 0.5, point=True),
        Given(forgets, draw_law(rng, 4), 4),
        Given(holes, draw_law(rng, 5), 7),
        _given(rng, 3, 50, 0.97, point=True),
        _given(rng, 7, 1),
    ]
    finding = _judge(probe, cases, TAIL, MEAN)
    return _judge(probe, cases, RATE) if finding.ok else finding
