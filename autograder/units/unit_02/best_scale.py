"""The best scale of a proposal that is centred at the wrong place."""

from __future__ import annotations

import numpy as np

from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.unit_02.reference import row_of, toy_relative_variance

EXERCISE = exercise(
    __name__,
    title="The best scale for a wrong mean",
    function="best_scale",
    points=3,
    difficulty=4,
    importance=4,
    minutes=40,
    read="section 4, When the printed error lies",
    hides=[],
    because="no function of course_vi knows the variance of a weight under a proposal",
)

NAMES = ("the best scale", "the relative variance of a weight at that scale")


def best_variance(delta: np.ndarray) -> np.ndarray:
    """The square of the best scale where q is centred delta away from the posterior mean."""
    half = 3 + 4 * delta**2
    value: np.ndarray = (half + np.sqrt(half**2 - 8)) / 8
    return value


def _table(v: np.ndarray, delta: np.ndarray) -> np.ndarray:
    """Scale and relative variance, ``(2, *B)``."""
    return np.stack([np.sqrt(v), toy_relative_variance(v, delta)])


def _exact(x: np.ndarray, m: np.ndarray) -> np.ndarray:
    delta = m - x / 2
    return _table(best_variance(delta), delta)


def _scale_mistakes(x: np.ndarray, m: np.ndarray) -> list[Mistake]:
    delta, right = m - x / 2, _exact(x, m)
    v = right[0] ** 2
    return [
        Mistake("variance_for_scale", "These are the best variances; a scale is their root.", v),
        Mistake(
            "other_root",
            "The quadratic has two roots, and this is the smaller one. Below s^2 = 1/4 the variance is infinite.",
            np.sqrt(1 / (8 * v)),
        ),
        Mistake(
            "posterior_scale",
            "This is the posterior's scale, whatever the mean is. It is best where m is the posterior mean; elsewhere q must reach "
            "out for the place that it misses.",
            np.sqrt(0.5) + 0 * delta,
        ),
        Mistake(
            "moment_matched",
            "This makes E (z - m)^2 under the posterior the variance of q: it minimizes KL(posterior || q), and not the variance of "
            "a weight.",
            np.sqrt(0.5 + delta**2),
        ),
        Mistake(
            "centre_x",
            "Here the posterior is centred at x. It is N(x/2, 1/2).",
            np.sqrt(best_variance(m - x)),
        ),
        Mistake(
            "centre_prior",
            "Only m itself is counted, as if the posterior were centred at 0. What counts is how far m is from the posterior mean.",
            np.sqrt(best_variance(m)),
        ),
        Mistake(
            "shift_sign",
            "m and the posterior mean are added. Their difference counts.",
            np.sqrt(best_variance(m + x / 2)),
        ),
        Mistake(
            "shift_not_squared",
            "The distance of the means enters by its absolute value here. Go through the exponent once more.",
            np.sqrt(best_variance(np.sqrt(np.abs(delta)))),
        ),
    ]


def _variance_mistakes(x: np.ndarray, m: np.ndarray) -> list[Mistake]:
    delta, right = m - x / 2, _exact(x, m)
    rho = right[1]
    square = np.exp(-(x**2) / 2) / (4 * np.pi)
    return [
        Mistake(
            "second_moment",
            "This is E w^2 / p(x)^2: subtract the one of the squared mean.",
            rho + 1,
        ),
        Mistake(
            "not_relative",
            "This is the variance of w itself. Divide by p(x)^2.",
            rho * square,
        ),
        Mistake(
            "standard_deviation", "This is a relative deviation: its root was taken.", rho**0.5
        ),
        Mistake(
            "at_posterior_scale",
            "This is the relative variance at the posterior's scale, not at the best one.",
            toy_relative_variance(0.5 + 0 * delta, delta),
        ),
        Mistake(
            "at_moment_matched",
            "This is the relative variance at s^2 = 1/2 + (m - x/2)^2, not at the best scale.",
            toy_relative_variance(0.5 + delta**2, delta),
        ),
        Mistake("log_of_it", "This is the logarithm of E w^2 / p(x)^2.", np.log1p(rho)),
    ]


def _judged(probe: Probe, x: np.ndarray, m: np.ndarray, *rows: int) -> Finding:
    actual, finding = probe.value(x, m), Finding(True)
    for row in rows:
        mistakes = (_scale_mistakes, _variance_mistakes)[row](x, m)
        if finding.ok:
            finding = row_of(actual, _exact(x, m), row, mistakes, "the table", NAMES, atol=1e-9)
    return finding


def _places(
    rng: np.random.Generator,
    batch: tuple[int, ...],
    low: float = 0.3,
    high: float = 2.0,
    reach: float = 4.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Data on both sides of zero, and means that miss the posterior's on both sides, by so much."""
    size = max(int(np.prod(batch)), 1)
    x = rng.uniform(0.1, 1.0, batch) * reach * rng.choice([-1, 1], batch)
    miss = rng.permutation(np.geomspace(low, high, size) * rng.uniform(0.85, 1.1, size))
    sides = rng.permutation(np.where(np.arange(size) % 2, 1.0, -1.0))
    return x, x / 2 + (miss * sides).reshape(batch)


@EXERCISE.part("The best scale, at given data and means")
def scale(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = _judged(probe, *_places(rng, (6,)), 0)
    return finding if not finding.ok else _judged(probe, *_places(rng, (2, 3)), 0)


@EXERCISE.part("What variance is left there, relative to p(x)^2")
def variance_left(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = _judged(probe, *_places(rng, (6,)), 1)
    return finding if not finding.ok else _judged(probe, *_places(rng, (2, 3)), 1)


@EXERCISE.part("Far away, and close by; and where the mean is right after all")
def far_and_close(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    far = _places(rng, (3,), 12.0, 40.0)
    close = _places(rng, (3,), 0.03, 0.1, reach=20.0)
    close[0][0], close[1][0] = 20.0, 10.0 + rng.choice([-1, 1]) * 0.05  # at the end of the range
    x = rng.uniform(0.5, 20.0, 3) * np.array([1, -1, 1])
    right = (x, x / 2 + np.array([0.0, 0.0, rng.uniform(0.4, 0.8)]))
    for place in (far, close, right):
        finding = _judged(probe, *place, 0, 1) if finding.ok else finding
    return finding


@EXERCISE.part("One datum, with and without a batch axis", weight=0.5)
def one_datum(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for batch in ((), (1,), (2,)):
        finding = _judged(probe, *_places(rng, batch), 0, 1) if finding.ok else finding
    return finding
