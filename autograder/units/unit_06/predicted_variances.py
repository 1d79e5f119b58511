"""S5: both variances, predicted."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np

from autograder.checks.compare import compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array
from autograder.units.unit_06.reference import hermite

EXERCISE = exercise(
    __name__,
    title="S5: both variances, predicted",
    function="predicted_variances",
    points=3,
    difficulty=4,
    importance=5,
    minutes=35,
    read="section 4, How noisy? Predicted, then measured",
    hides=[],
    because="quadrature with exact.gauss_hermite is a right answer",
)


def quadratic_variances(
    a: float, b: float, m: float, s: float, shift: tuple[float, float] | None = None
) -> np.ndarray:
    r"""Variances of the one-sample gradients of E f, f(z) = a z^2 / 2 + b z, z ~ N(m, s^2).

    Rows: pathwise; score function; score function with baselines. Columns: m, log s. With z = m + s e,
    f = u + v e + w e^2, where u = f(m), v = s (a m + b), w = a s^2 / 2. The best constant baselines are u + 3 w for m and
    u + 5 w for log s; ``shift`` takes others, counted from u.
    """
    u, v, w = a * m**2 / 2 + b * m, s * (a * m + b), a * s**2 / 2

    def score(m_level: float, s_level: float) -> list[float]:
        """With the constant term of f at these levels."""
        return [
            (m_level**2 + 2 * v**2 + 15 * w**2 + 6 * m_level * w) / s**2,
            2 * s_level**2 + 10 * v**2 + 74 * w**2 + 20 * s_level * w,
        ]

    less = (3 * w, 5 * w) if shift is None else shift
    return np.array([[4 * w**2 / s**2, v**2 + 8 * w**2], score(u, u), score(-less[0], -less[1])])


PATH, SCORE, BASELINE = 0, 1, 2
SAMPLED = "Two calls gave two answers: this is a measurement. Predict, on paper or by an exact rule, and measure afterwards."
ROWS_SWAPPED = (
    "The rows stand in another order: pathwise, score function, score function with baselines."
)
ANOTHER_ROW = "This row is row {} of the table once more."
Place = tuple[float, float, float, float]


def _places(rng: np.random.Generator) -> list[Place]:
    """a, b, m, s, away from where two mistakes look alike: both signs of a, b, m and f(m), q wide and narrow, zeros last."""

    def place(a: int, b: int, m: int, low: float, high: float) -> Place:
        slope = rng.uniform(1.4, 2.4)  # so that the sign of f(m) is that of b m
        curve, mean, width = rng.uniform(0.6, 1.6), rng.uniform(0.6, 1.6), rng.uniform(low, high)
        return float(a * curve), float(b * slope), float(m * mean), float(width)

    a, b, m, s = place(1, int(rng.choice([-1, 1])), 1, 1.4, 2.2)
    return [
        place(1, -1, 1, 0.4, 0.75),
        place(-1, -1, -1, 0.05, 0.1),
        place(-1, 1, -1, 5.0, 9.0),
        place(1, -1, -1, 0.005, 0.01),
        (0.0, b, m, s),
        (a, 0.0, -m, s),
        (-a, b, 0.0, 1 / s),
    ]


def _table(
    probe: Probe, where: Place, row: int, exact: np.ndarray
) -> tuple[np.ndarray, Finding | None]:
    actual, again = (probe.value(*where) for _ in range(2))
    table = as_array(actual)
    if table.shape != (3, 2):
        return table, compare(
            actual,
            exact,
            what="the table of variances",
            mistakes=[
                Mistake(
                    "transposed",
                    "The table is transposed: rows are the three estimators, columns m and log s.",
                    exact.T,
                )
            ],
        )
    same = np.array_equal(table[row], as_array(again)[row], equal_nan=True)
    if not same and not probe.stateful:
        return table, holds(
            False,
            "the same variances at the same place",
            "other numbers each time",
            "sampled",
            SAMPLED,
        )
    return table, None


def _other_rows(table: np.ndarray, exact: np.ndarray, row: int) -> list[Mistake]:
    """This row is another one: because all stand in another order, or because one is there twice."""
    swapped = any(
        np.allclose(table[list(order)], exact, rtol=1e-4)
        for order in permutations(range(3))
        if order != (0, 1, 2)
    )
    return [
        Mistake("rows_swapped", ROWS_SWAPPED, exact[other])
        if swapped
        else Mistake(f"row_{other + 1}_again", ANOTHER_ROW.format(other + 1), exact[other])
        for other in range(3)
        if other != row
    ]


def _row_check(probe: Probe, rng: np.random.Generator, row: int, mistakes: Any) -> Finding:
    finding = Finding(True)
    for where in _places(rng):
        exact = quadratic_variances(*where)
        table, odd = _table(probe, where, row, exact)
        if odd is not None:
            return odd
        common = [
            Mistake(
                "standard_deviation",
                "These are standard deviations; variances were asked for.",
                np.sqrt(exact[row]),
            ),
            Mistake(
                "scale_gradient",
                "The second column is the gradient of s, not of log s. The chain rule puts a factor s "
                "between them.",
                exact[row] / [1.0, where[3] ** 2],
            ),
            Mistake(
                "second_moment",
                "These are means of squares: subtract the square of the mean gradient.",
                exact[row] + _means(*where) ** 2,
            ),
            *_other_rows(table, exact, row),
            *[
                Mistake(
                    "rule_too_short",
                    f"These are the sums of a Gauss-Hermite rule with {points} points. The square of "
                    "f (eps^2 - 1) has degree 8 in eps, and n points are exact up to degree 2n - 1: "
                    "take 5 or more.",
                    _by_rule(*where, points)[row],
                )
                for points in (2, 3, 4)
            ],
        ]
        finding = compare(
            table[row],
            exact[row],
            [*mistakes(where, exact), *common],
            atol=1e-12,
            what=f"the row at (a, b, m, s) = {np.round(where, 3)}",
        )
        if not finding.ok:
            return finding
    return finding


def _by_rule(a: float, b: float, m: float, s: float, points: int) -> np.ndarray:
    """The table as a Gauss-Hermite rule with so many points gives it."""
    e, weight = hermite(points)
    z = m + s * e
    f, scores = a * z**2 / 2 + b * z, np.stack([e / s, e**2 - 1])
    square = (weight * scores**2).sum(-1)
    with np.errstate(all="ignore"):
        best = (weight * f * scores**2).sum(-1) / square
    rows = np.stack(
        [np.stack([a * z + b, (a * z + b) * s * e]), f * scores, (f - best[:, None]) * scores]
    )
    table: np.ndarray = (weight * rows**2).sum(-1) - (weight * rows).sum(-1) ** 2
    return table


def _means(a: float, b: float, m: float, s: float) -> np.ndarray:
    return np.array([a * m + b, a * s**2])


@EXERCISE.part("Pathwise: for m, and for log s")
def pathwise(probe: Probe, rng: np.random.Generator) -> Finding:
    def mistakes(where: Place, exact: np.ndarray) -> list[Mistake]:
        a, b, m, s = where
        v2, w2 = (s * (a * m + b)) ** 2, (a * s**2) ** 2
        return [
            Mistake(
                "moments",
                "Var(eps squared) is 3 - 1 = 2 for a standard normal.",
                np.array([exact[0, 0], v2 + extra * w2]),
            )
            for extra in (1, 3)
        ]

    return _row_check(probe, rng, PATH, mistakes)


@EXERCISE.part("Score function: for m, and for log s")
def score_function(probe: Probe, rng: np.random.Generator) -> Finding:
    def mistakes(where: Place, exact: np.ndarray) -> list[Mistake]:
        a, b, m, s = where
        centred = quadratic_variances(*where, shift=(0.0, 0.0))[2]
        return [
            Mistake(
                "level_forgotten",
                "The constant f(m) is missing. It has no gradient, but here it multiplies noise.",
                centred,
            )
        ]

    return _row_check(probe, rng, SCORE, mistakes)


@EXERCISE.part("Score function with the best constant baselines")
def best_baselines(probe: Probe, rng: np.random.Generator) -> Finding:
    def mistakes(where: Place, exact: np.ndarray) -> list[Mistake]:
        a, _, _, s = where
        w = a * s**2 / 2
        return [
            Mistake(
                "baseline_is_mean",
                "This takes the mean of f for a baseline. The best constant weights f by the squared score: "
                "E[f S squared] / E[S squared].",
                quadratic_variances(*where, shift=(w, w))[2],
            ),
            Mistake(
                "one_baseline",
                "One baseline serves both columns here. Each gradient has a score, and so a best baseline, of "
                "its own.",
                quadratic_variances(*where, shift=(3 * w, 3 * w))[2],
            ),
            Mistake(
                "one_baseline",
                "One baseline serves both columns here. Each gradient has a best baseline of its own.",
                quadratic_variances(*where, shift=(5 * w, 5 * w))[2],
            ),
            Mistake(
                "baseline_at_centre",
                "This subtracts f(m). The best baseline is higher by a multiple of a s squared.",
                quadratic_variances(*where, shift=(0.0, 0.0))[2],
            ),
        ]

    return _row_check(probe, rng, BASELINE, mistakes)
