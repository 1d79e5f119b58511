"""How many steps of EM to six more digits: predicted from where it stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array
from autograder.units.unit_04.reference import Case, information, make_case

EXERCISE = exercise(
    __name__,
    title="Six digits, and how many steps",
    function="steps_to_go",
    points=3,
    difficulty=5,
    importance=3,
    minutes=45,
    read="section 4, What is missing decides the pace",
    hides=[],
    because="course_vi runs EM and does not know how long it takes",
)

SIX = 1e-6
GAP = 1e-5  # of log p where EM stands: near enough for a step to be linear
SMALL_GAP = 1e-9  # a millionth of it is less than the rounding of log p


class Stand(NamedTuple):
    """A place near a maximum.

    Attributes:
        error: of theta there, ``(P)``.
        shares: of the gap of log p, by direction, the slowest last; they sum to one.
        rates: of the directions.
    """

    case: Case
    error: np.ndarray
    shares: np.ndarray
    rates: np.ndarray

    def ratio(self, steps: float) -> float:
        """The gap of log p after so many steps, over that at the start."""
        return float(self.shares @ np.maximum(self.rates, 0.0) ** (2 * steps))

    @property
    def exact(self) -> float:
        """Where the ratio is a millionth, steps taken for a continuous number."""
        low, high = 0.0, 10.0 + np.log(SIX) / np.log(self.rates[-1])
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if self.ratio(middle) > SIX else (low, middle)
        return high


def make_stand(
    rng: np.random.Generator, case: Case, slow: tuple[float, float], gap: float = GAP
) -> Stand:
    """A place at which the slowest direction has a share of the gap between these, and the number of steps is no close call."""
    observed = information(case)
    complete = observed @ np.linalg.inv(np.eye(len(observed)) - case.jacobian)
    present, directions = eigh(observed, (complete + complete.T) / 2)  # orthogonal for both
    rates, directions = 1 - present[::-1], directions[:, ::-1]
    lengths = np.sqrt(np.einsum("pi,pq,qi->i", directions, observed, directions) / 2)
    signs = rng.choice([-1.0, 1.0], len(rates))
    for _ in range(200):
        share = rng.uniform(*slow)
        shares = np.append(rng.dirichlet(np.full(len(rates) - 1, 3.0)) * (1 - share), share)
        error = directions @ (signs * np.sqrt(gap * shares) / lengths)
        stand = Stand(case, error, shares, rates)
        if 0.25 < stand.exact % 1 < 0.75:
            return stand
    raise RuntimeError("no number of steps but close calls were drawn")


def _first(shrinks: Callable[[int], float]) -> int:
    return next((steps for steps in range(5000) if shrinks(steps) <= SIX), 5000)


def _mistakes(stands: Sequence[Stand]) -> list[Mistake]:
    """The numbers of steps, one for each place, as usual mistakes give them."""

    def each(of: Callable[[Stand], float]) -> np.ndarray:
        return np.array([float(of(stand)) for stand in stands])

    def alone(stand: Stand) -> float:
        return float(np.log(SIX) / (2 * np.log(stand.rates[-1])))

    def by_theta(stand: Stand) -> int:
        size, moved, steps = np.linalg.norm(stand.error), stand.error, 0
        while np.linalg.norm(moved) > SIX * size and steps < 10_000:
            moved, steps = stand.case.jacobian @ moved, steps + 1
        return steps

    rate_alone = "This is the number of steps if all of the gap lay in the slowest direction. Only a part of it does."
    return [
        Mistake("rate_alone", rate_alone, each(lambda stand: np.ceil(alone(stand)))),
        Mistake("rate_alone", rate_alone, each(alone)),
        Mistake(
            "not_squared",
            "This lets the gap of log p shrink by the rate. It is quadratic in the error: it shrinks by the square.",
            each(lambda stand: np.ceil(2 * alone(stand))),
        ),
        Mistake(
            "not_squared",
            "This lets the gap of log p shrink by the rate. It is quadratic in the error: it shrinks by the square.",
            each(lambda s: _first(lambda t: float(s.shares @ np.maximum(s.rates, 0.0) ** t))),
        ),
        Mistake(
            "digits_of_theta",
            "This is when the error of theta is a millionth of what it was. Asked is the gap of log p.",
            each(by_theta),
        ),
        Mistake(
            "not_whole",
            "That is where a smooth curve passes a millionth. A whole number of steps is asked: the first at which it holds.",
            each(lambda stand: stand.exact),
        ),
        Mistake(
            "one_less",
            "After so many steps the gap is still above a millionth: the first number at which it is not is one more.",
            each(lambda stand: np.ceil(stand.exact) - 1),
        ),
    ]


def _judged(probe: Probe, stands: Sequence[Stand], what: str) -> Finding:
    actual = []
    for stand in stands:
        start = stand.case.theta + stand.error
        actual.append(probe.drive("steps_to_go/mixture", **stand.case.sent(), start=start))
    want = np.array([np.ceil(stand.exact) for stand in stands])
    for raw in actual:
        if as_array(raw).shape != ():
            return compare(raw, want[0], what="the number of steps")
    numbers = np.array([float(as_array(raw)) for raw in actual])
    return compare(numbers, want, _mistakes(stands), what=what)


RATES = (0.7, 0.965)


@EXERCISE.part("From places where little of the gap lies in the slowest direction", weight=2)
def little_in_the_slowest(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = [
        make_case(rng, "poisson", 2, 40, rates=RATES),
        make_case(rng, "normal", 2, 45, turned=True, rates=RATES),
        make_case(rng, "poisson", 2, 30, plain=True, rates=RATES),
    ]
    stands = [
        make_stand(rng, case, (0.005, 0.05), gap) for case in cases for gap in (GAP, SMALL_GAP)
    ]
    return _judged(probe, stands, "the number of steps from two places each, on three data sets")


@EXERCISE.part("From places where most of it does, and for three clusters")
def most_in_the_slowest(probe: Probe, rng: np.random.Generator) -> Finding:
    two = make_case(rng, "poisson", 2, 40, turned=True, rates=RATES)
    three = make_case(rng, "poisson", 3, 75, turned=True, rates=RATES)
    stands = [
        make_stand(rng, case, slow)
        for case in (two, three)
        for slow in ((0.1, 0.3), (0.4, 0.6), (0.6, 0.9))
    ]
    return _judged(probe, stands, "the number of steps from three places each, on two data sets")


@EXERCISE.part("From places in the fast directions, and where it takes over a thousand steps")
def fast_and_slow(probe: Probe, rng: np.random.Generator) -> Finding:
    fast = [make_case(rng, "poisson", 2, 40, rates=RATES), make_case(rng, "poisson", 3, 75)]
    slow = make_case(rng, "poisson", 2, 300, rates=(0.9941, 0.9964), near=True)
    stands = [make_stand(rng, case, (1e-9, 1e-8)) for case in fast]
    stands.append(make_stand(rng, slow, (0.4, 0.9)))
    return _judged(probe, stands, "the number of steps, from in the tens to over a thousand")
