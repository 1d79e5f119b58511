"""The best constant baseline, and what it leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array

EXERCISE = exercise(
    __name__,
    title="The best constant baseline",
    function="best_baseline",
    points=3,
    difficulty=4,
    importance=4,
    minutes=35,
    read="section 2, What is free: a constant",
    hides=[],
    because="gradients.baselines.optimal_constant estimates a baseline from samples; what is asked is a formula",
)


class Moments(NamedTuple):
    """A family, as far as its score for the log rate or the logit goes: z = mean + slope * s.

    Attributes:
        second, third, fourth: E s^2, E s^3, E s^4.
        unit: what the score is divided by if the derivative is taken in the rate, or the probability, itself.
    """

    mean: float
    slope: float
    second: float
    third: float
    fourth: float
    unit: float


Place = tuple[float, float, float, float]  # a, c, log rate, logit
POISSON, EXPONENTIAL, BIT = 0, 1, 2


def moments(row: int, log_rate: float, logit: float) -> Moments:
    """The moments of a family's score: s = z - rate, 1 - rate z, z - p."""
    rate, p = float(np.exp(log_rate)), float(1 / (1 + np.exp(-logit)))
    v = p * (1 - p)
    return (
        Moments(rate, 1.0, rate, rate, rate + 3 * rate**2, rate),
        Moments(1 / rate, -1 / rate, 1.0, -2.0, 9.0, rate),
        Moments(p, 1.0, v, v * (1 - 2 * p), v * (1 - 3 * v), v),
    )[row]


def left(m: Moments, a: float, c: float, b: float) -> float:
    """The variance of (f - b) s for f(z) = a z + c."""
    slope, level = a * m.slope, c + a * m.mean - b
    square = slope**2 * m.fourth + 2 * slope * level * m.third + level**2 * m.second
    return square - (slope * m.second) ** 2


def best(m: Moments, a: float, c: float) -> float:
    """E[f s^2] / E[s^2]."""
    return c + a * m.mean + a * m.slope * m.third / m.second


def _places(rng: np.random.Generator) -> list[Place]:
    """Small and large rates, likely and unlikely bits, f far above or below zero."""
    log_rates = rng.permutation([rng.uniform(-2.0, -1.4), rng.uniform(0.3, 0.9), 4.0])
    logits = rng.permutation([rng.uniform(-6.0, -5.0), rng.uniform(0.4, 0.9), rng.uniform(1.5, 2)])
    slopes, levels = rng.uniform(0.6, 1.6, 3), np.array([rng.uniform(0.5, 2), 30.0, -0.8])
    signs = rng.permutation([-1, 1, -1])
    return [
        (float(a), float(c), float(r), float(logit))
        for a, c, r, logit in zip(signs * slopes, levels, log_rates, logits, strict=True)
    ]


def _row(
    row: int, places: list[Place], of: Callable[[Moments, float, float], object]
) -> np.ndarray:
    return np.array([of(moments(row, r, logit), a, c) for a, c, r, logit in places], dtype=float)


def _pair(baseline: Callable[[Moments, float, float], float]) -> Callable[..., list[float]]:
    def pair(m: Moments, a: float, c: float) -> list[float]:
        b = baseline(m, a, c)
        return [b, left(m, a, c, b)]

    return pair


def _mistakes(row: int, places: list[Place]) -> list[Mistake]:
    """The pairs (baseline, variance) of usual mistakes, ``(3, 2)`` each."""
    right = _row(row, places, _pair(best))
    if row == EXPONENTIAL:
        swapped = [(a, c, -r, logit) for a, c, r, logit in places]
    else:
        swapped = [(a, c, r, -logit) for a, c, r, logit in places]
    gradients = _row(row, places, lambda m, a, c: a * m.slope * m.second)
    units = _row(row, places, lambda m, a, c: m.unit)
    no_baseline = _row(row, places, lambda m, a, c: left(m, a, c, 0.0))
    columns = right.T
    found = [
        Mistake(
            "baseline_is_mean",
            "This takes E f for a baseline. That is best only if f and the squared score are unrelated: weight f by the "
            "squared score.",
            _row(row, places, _pair(lambda m, a, c: c + a * m.mean)),
        ),
        Mistake(
            "level_forgotten",
            "The constant c of f is missing. A baseline is there to take it away, so it is part of the baseline.",
            _row(row, places, _pair(lambda m, a, c: best(m, a, 0.0))),
        ),
        Mistake(
            "level_forgotten",
            "The constant c of f is missing in the baseline.",
            np.stack([_row(row, places, lambda m, a, c: best(m, a, 0.0)), columns[1]], 1),
        ),
        Mistake(
            "second_moment",
            "The second column is a mean of squares: subtract the square of the mean gradient.",
            np.stack([columns[0], columns[1] + gradients**2], 1),
        ),
        Mistake(
            "standard_deviation",
            "The second column is a standard deviation; a variance is asked.",
            np.stack([columns[0], np.sqrt(np.maximum(columns[1], 0.0))], 1),
        ),
        Mistake(
            "own_parameter",
            "This is the variance of the gradient in the rate (or the probability) itself. Asked is that in its logarithm (or "
            "the logit): the chain rule puts a factor between them.",
            np.stack([columns[0], columns[1] / units**2], 1),
        ),
        Mistake(
            "variance_without_baseline",
            "The second column is the variance without a baseline.",
            np.stack([columns[0], no_baseline], 1),
        ),
        Mistake(
            "order_swapped", "The columns are exchanged: the baseline comes first.", right[:, ::-1]
        ),
        Mistake(
            "baseline_of_square",
            "This is the baseline for the wrong sign of the skewness: look at E s cubed once more.",
            _row(row, places, _pair(lambda m, a, c: 2 * (c + a * m.mean) - best(m, a, c))),
        ),
    ]
    if row == EXPONENTIAL:
        found.append(
            Mistake(
                "rate_as_mean",
                "exp(log_rate) was used as the mean of the exponential. It is the rate: the mean is one over it.",
                _row(row, swapped, _pair(best)),
            )
        )
    if row == BIT:
        found.append(
            Mistake(
                "bit_turned",
                "p and 1 - p are exchanged.",
                _row(row, swapped, _pair(best)),
            )
        )
    return found


ORDER = "The rows stand in another order: Poisson, exponential, one bit."


def _judged(probe: Probe, rng: np.random.Generator, row: int) -> Finding:
    places = _places(rng)
    actual = [probe.value(*place) for place in places]
    tables = [as_array(table) for table in actual]
    for table, raw, (a, c, r, logit) in zip(tables, actual, places, strict=True):
        if table.shape != (3, 2):
            want = np.array([_pair(best)(moments(index, r, logit), a, c) for index in range(3)])
            return compare(
                raw,
                want,
                what="the table",
                mistakes=[
                    Mistake("transposed", "Rows are families; columns baseline, variance.", want.T)
                ],
            )
    others = [
        Mistake("rows_swapped", ORDER, _row(other, places, _pair(best)))
        for other in range(3)
        if other != row
    ]
    return compare(
        np.array([table[row] for table in tables]),
        _row(row, places, _pair(best)),
        [*_mistakes(row, places), *others],
        what="(baseline, variance) at three places (a, c, log_rate, logit)",
    )


@EXERCISE.part("Poisson: its best baseline, and the variance that it leaves")
def poisson(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, rng, POISSON)


@EXERCISE.part("Exponential: its best baseline, and the variance that it leaves")
def exponential(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, rng, EXPONENTIAL)


@EXERCISE.part("One bit: its best baseline, and the variance that it leaves")
def one_bit(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, rng, BIT)
