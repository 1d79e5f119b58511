"""The price of no bias: variance and cost of H_k for every burn-in k, exactly, from the kernel of pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.unit_18.meeting_tail import unmet
from autograder.units.unit_18.reference import (
    common,
    draw_chain,
    draw_law,
    judged,
    pairs,
    stationary,
)

__all__ = ["EXERCISE", "Given", "right"]

EXERCISE = exercise(
    __name__,
    title="The price of no bias",
    function="variance_and_cost",
    points=4,
    difficulty=5,
    importance=4,
    minutes=60,
    read="section 7, The price of no bias",
    hides=["chains.pair_chain:unbiased_moments"],
)

NAMES = "variance, cost"
VARIANCE, COST = 0, 1
SAID = ("the variance of H_k for k = 0, 1, ...", "the mean cost of H_k for k = 0, 1, ...")


class Given(NamedTuple):
    """The kernel of pairs ``(S, S, S, S)``, the law of X_0 and of Y_0 ``(S)``, h ``(S)``, and the last k."""

    kernel: np.ndarray
    start: np.ndarray
    h: np.ndarray
    last: int


class Sums(NamedTuple):
    """Of all later differences, from a pair: the mean and the mean square, ``(S^2)`` each."""

    mean: np.ndarray
    square: np.ndarray


def _parts(given: Given) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, Sums]:
    """P, T, which pairs are apart, d on pairs, and the sums."""
    kernel, _, h, _ = given
    size = len(h)
    moves, matrix = kernel.sum(3)[:, 0], unmet(kernel)
    apart = 1 - np.eye(size).ravel()
    gap = (h[:, None] - h).ravel()
    system = np.eye(size**2) - matrix
    mean = np.linalg.solve(system, matrix @ gap)
    square = np.linalg.solve(system, matrix @ (gap**2 + 2 * gap * mean))
    return moves, matrix, apart, gap, Sums(mean, square)


def _variance(
    given: Given, cross: float = 1.0, square: bool = True, linked: bool = True
) -> np.ndarray:
    """Variances for k = 0, ..., last.

    Args:
        cross: multiplies the covariance of h(X_k) with its corrections.
        square: whether the corrections' square is there.
        linked: whether X_1 is drawn from X_0, at k = 0.
    """
    _, start, h, last = given
    moves, matrix, apart, gap, sums = _parts(given)
    size = len(h)
    kept = apart.reshape(size, size)
    once = (kept * (gap + sums.mean).reshape(size, size)) @ start
    twice = (kept * (gap**2 + 2 * gap * sums.mean + sums.square).reshape(size, size)) @ start
    if linked:
        means = [start @ (h + moves @ once)]
        seconds = [start @ (h**2 + 2 * cross * h * (moves @ once) + square * (moves @ twice))]
    else:
        after = start @ moves
        means = [start @ h + after @ once]
        seconds = [start @ h**2 + 2 * cross * (start @ h) * (after @ once) + square * after @ twice]
    wide, single = np.repeat(h, size), start
    law = np.outer(start @ moves, start).ravel() * apart
    for _ in range(last):
        single = single @ moves
        means.append(single @ h + law @ sums.mean)
        seconds.append(single @ h**2 + law @ (2 * cross * wide * sums.mean + square * sums.square))
        law = law @ matrix
    found: np.ndarray = np.array(seconds) - np.array(means) ** 2
    return found


def _tail(given: Given, steps: int) -> tuple[np.ndarray, float]:
    """P(tau > t) for t = 0, ..., steps; and the mean of tau."""
    moves, matrix, apart, _, _ = _parts(given)
    law = np.outer(given.start @ moves, given.start).ravel() * apart
    mean = 1 + float(law @ np.linalg.solve(np.eye(len(apart)) - matrix, apart))
    tail = [1.0]
    for _ in range(steps):
        tail.append(float(law.sum()))
        law = law @ matrix
    return np.array(tail), mean


def right(given: Given) -> list[np.ndarray]:
    tail, mean = _tail(given, given.last)
    waited = np.concatenate([[0.0], np.cumsum(1 - tail)[:-1]])  # E (k - tau)^+
    return [_variance(given), 2 * mean - 1 + waited]


def _mistakes(given: Given, row: int) -> list[Mistake]:
    _, start, h, last = given
    moves, *_ = _parts(given)
    tail, mean = _tail(given, last)
    ks = np.arange(last + 1)
    variance, cost = right(given)
    if row == COST:
        known = [
            ("two_chains_always", "After the meeting one chain is enough.", 2 * (cost - mean + 1) - 1),
            ("at_the_mean", "The mean of max(tau, k) is not the maximum of the mean of tau and k.", np.maximum(mean, ks) + mean - 1),
            ("until_meeting", "If the two meet before k, one chain goes on to k.", np.full(last + 1, 2 * mean - 1)),
            ("burn_in_added", "The first k transitions are among those until the meeting, and not made on top of them.", ks + 2 * mean - 1),
            ("one_transition_for_two", "A move of both chains is two transitions, as long as they are apart.", cost - mean + 1),
            ("states_for_moves", "These are states. The first state of either chain is no transition.", cost + 2),
        ]  # fmt: skip
        return [Mistake(key, hint, np.asarray(value)) for key, hint, value in known]
    pi = stationary(moves)
    laws = [start]
    for _ in range(last):
        laws.append(laws[-1] @ moves)
    plain = np.array([law @ h**2 - (law @ h) ** 2 for law in laws])
    known = [
        ("no_correction", "This is the variance of h(X_k), without its corrections.", plain),
        (
            "under_the_target",
            "This is the variance of h under the stationary law. An estimate without bias has more, as long as the two may be apart.",
            np.full(last + 1, pi @ h**2 - (pi @ h) ** 2),
        ),
        (
            "no_covariance",
            "h(X_k) and its corrections depend on each other: from X_k follows what is still to come.",
            _variance(given, cross=0.0),
        ),
        (
            "covariance_once",
            "A covariance counts twice in the variance of a sum.",
            _variance(given, cross=0.5),
        ),
        (
            "second_moment",
            "This is the mean of the square. The squared mean is still to be taken off.",
            variance + (pi @ h) ** 2,
        ),
        (
            "square_of_the_mean",
            "The mean square of what is to come is more than the square of its mean.",
            _variance(given, square=False),
        ),
        ("scale_for_variance", "This is the standard deviation.", np.sqrt(np.maximum(variance, 0))),
        (
            "first_unlinked",
            "At k = 0, X_1 is drawn from X_0: h(X_0) and the first correction depend on each other.",
            _variance(given, linked=False),
        ),
    ]
    return [Mistake(key, hint, np.asarray(value)) for key, hint, value in known]


def _judge(probe: Probe, cases: Sequence[Given], *rows: int) -> Finding:
    def place(given: Given) -> str:
        return f"for {len(given.h)} states"

    return judged(probe, cases, rows, right, NAMES, _mistakes, SAID, place)


def _given(
    rng: np.random.Generator,
    size: int,
    last: int,
    stay: float = 0.0,
    one_uniform: bool = False,
    point: bool = False,
) -> Given:
    moves = draw_chain(rng, size, stay=stay)
    kernel = pairs(moves, common) if one_uniform else pairs(moves)
    start = np.eye(size)[rng.integers(size)] if point else draw_law(rng, size)
    h = rng.normal(size=size) + rng.uniform(0.5, 2.0) * rng.choice([-1, 1])
    return Given(kernel, start, h, last)


def _cases(rng: np.random.Generator) -> list[Given]:
    return [
        _given(rng, 3, 6, 0.4),
        _given(rng, 4, 8, 0.2, one_uniform=True),
        _given(rng, 5, 5, 0.5, point=True),
        _one_sided(rng),
    ]


def _one_sided(rng: np.random.Generator) -> Given:
    """Coupled maximally while the first chain is ahead, and by one uniform while it is behind: not alike for the two chains."""
    moves = draw_chain(rng, 4, stay=0.3)
    ahead = np.tri(4, k=-1)[..., None, None]
    kernel = np.where(ahead > 0, pairs(moves), pairs(moves, common))
    return _given(rng, 4, 6)._replace(kernel=kernel)


@EXERCISE.part("The variance", weight=2.5)
def variance(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judge(probe, _cases(rng), VARIANCE)


@EXERCISE.part("The cost")
def cost(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judge(probe, _cases(rng), COST)


@EXERCISE.part(
    "Two states; k = 0 alone; h with equal values; slow chains; chains that meet at once",
    weight=0.5,
)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    alike = _given(rng, 4, 4, 0.3)
    alike.h[2] = alike.h[0]
    same = np.repeat(draw_law(rng, 3)[None], 3, 0)
    forgets = _given(rng, 3, 3)._replace(kernel=pairs(same))
    cases = [
        _given(rng, 2, 5, 0.2, one_uniform=True),
        _given(rng, 3, 0, 0.4),
        alike,
        _given(rng, 3, 12, 0.85, point=True),
        forgets,
    ]
    return _judge(probe, cases, VARIANCE, COST)
