"""S6: the best coefficient."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.checks.compare import compare, zero
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array

EXERCISE = exercise(
    __name__,
    title="S6: the best coefficient",
    function="best_coefficient",
    points=3,
    difficulty=4,
    importance=4,
    minutes=25,
    read="section 4, One family of estimators: the score coefficient",
    hides=[],
    because="no function of course_vi makes this coefficient from samples",
)

FROM_TOTAL = "At the posterior the path derivative is zero by itself, so c = 0. You measured c from the total."


def _samples(
    rng: np.random.Generator, count: int, c: float, scales: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """One-sample path derivatives and score terms of loc on the toy, one column for each scale, ``(count, len(scales))``."""
    eps = rng.normal(size=(count, 1))
    return c + (1 / scales - 2 * scales) * eps, -eps / scales


def _against_the_best(actual: Any, path: np.ndarray, score: np.ndarray, rtol: float) -> Finding:
    """What came for these samples against minus the covariance over the variance of the score."""
    centred = path - path.mean(0), score - score.mean(0)
    cross, squares = (centred[0] * centred[1]).mean(0), (centred[1] ** 2).mean(0)
    best = -cross / squares
    rows, columns = path.shape
    return compare(
        actual,
        best,
        what="the best coefficients",
        rtol=rtol,
        atol=1e-2 * rtol,
        mistakes=[
            Mistake(
                "sign",
                "The sign is wrong: with this c the variance grows. Differentiate Var(path + c score) in c once more.",
                -best,
            ),
            Mistake(
                "inverted",
                "This divides by the variance of the path. The parabola in c has Var(score) in front of c².",
                -cross / (centred[0] ** 2).mean(0),
            ),
            Mistake(
                "correlation",
                "This is a correlation. Divide the covariance by the variance of the score, not by two standard deviations.",
                -cross / np.sqrt(squares * (centred[0] ** 2).mean(0)),
            ),
            Mistake(
                "correlation",
                "This is a correlation. Divide the covariance by the variance of the score, not by two standard deviations.",
                cross / np.sqrt(squares * (centred[0] ** 2).mean(0)),
            ),
            Mistake(
                "uncentred",
                "Means of products were used as they are. A covariance subtracts the means first.",
                -(path * score).mean(0) / (score**2).mean(0),
            ),
            Mistake(
                "uncentred",
                "The mean of path * score is no covariance yet: subtract the product of their means.",
                -(path * score).mean(0) / score.var(0, ddof=1),
            ),
            Mistake(
                "uncentred",
                "The mean of path * score is no covariance yet: subtract the product of their means.",
                -(path * score).mean(0) / squares,
            ),
            Mistake(
                "pooled_means",
                "The mean of all numbers was subtracted. Each parameter has a mean of its own: axis 0.",
                -((path - path.mean()) * (score - score.mean())).sum(0)
                / ((score - score.mean()) ** 2).sum(0),
            ),
            Mistake(
                "total_in_place_of_path",
                "This is the best factor for total = path + score. Measure c from the path: add one.",
                best - 1,
            ),
            Mistake(
                "pooled",
                "One number for all parameters: each parameter has a best c of its own.",
                -cross.sum() / squares.sum(),
            ),
            Mistake(
                "pooled",
                "One number for all parameters: each parameter has a best c of its own.",
                np.full(columns, -cross.sum() / squares.sum()),
            ),
            Mistake(
                "ddof_mixed",
                "The covariance and the variance divide by different numbers (R and R - 1). Use the same in both.",
                best * rows / (rows - 1),
            ),
            Mistake(
                "ddof_mixed",
                "The covariance and the variance divide by different numbers (R and R - 1). Use the same in both.",
                best * (rows - 1) / rows,
            ),
        ],
    )


@EXERCISE.part("The coefficient that makes the sample variance smallest", weight=1.5)
def smallest_sample_variance(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(False)
    small, large = int(rng.integers(5, 40)), int(rng.integers(1500, 2500))
    for rows, columns, size in ((small, 3, 1.0), (large, 5, 1.0), (small, 3, 1e5)):
        mix, shift = rng.normal(size=(columns, columns)), size * rng.uniform(1, 3, (2, columns))
        scales = rng.permutation(np.geomspace(0.05, 4.0, columns))
        score = rng.normal(size=(rows, columns)) * scales + shift[0]
        path = score @ mix + rng.normal(size=(rows, columns)) + shift[1]
        actual = probe.value(path, score)
        finding = _against_the_best(actual, path, score, rtol=1e-9 if size == 1.0 else 1e-7)
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part(
    "At the posterior it is exactly zero: nothing is left to cancel",
    weight=0.5,
    needs=["smallest_sample_variance"],
)
def zero_at_the_posterior(probe: Probe, rng: np.random.Generator) -> Finding:
    path, score = _samples(rng, 200, 0.0, np.array([0.5**0.5]))
    actual = probe.value(path, score)
    if as_array(actual).shape != (1,):
        return compare(actual, np.zeros(1), what="the best coefficient")
    return zero(
        as_array(actual),
        what="the best coefficient at the posterior",
        mistakes=[
            Mistake("total_in_place_of_path", FROM_TOTAL, np.array([-1.0])),
            Mistake("total_in_place_of_path", FROM_TOTAL, np.array([1.0])),
        ],
    )


@EXERCISE.part("On the toy it is 1 - 2s² for loc, for any x and m")
def closed_form_on_the_toy(probe: Probe, rng: np.random.Generator) -> Finding:
    scales = np.array([rng.uniform(0.2, 0.5), rng.uniform(0.8, 0.95), 1.0, rng.uniform(1.1, 1.5)])
    path, score = _samples(rng, 500, float(rng.uniform(1, 3)), scales)
    exact = 1 - 2 * scales**2
    return compare(
        probe.value(path, score),
        exact,
        what="the best coefficients at four scales",
        mistakes=[
            Mistake(
                "sign",
                "The sign is wrong: with this c the variance grows. Differentiate Var(path + c score) in c once more.",
                -exact,
            ),
            Mistake(
                "inverted",
                "This divides by the variance of the path. The parabola in c has Var(score) in front of c².",
                1 / exact,
            ),
            Mistake(
                "correlation",
                "This is a correlation. Divide the covariance by the variance of the score.",
                np.sign(exact),
            ),
            Mistake(
                "correlation",
                "This is a correlation. Divide the covariance by the variance of the score.",
                -np.sign(exact),
            ),
            Mistake(
                "total_in_place_of_path",
                "This is the best factor for the total derivative. Measure c from the path: add one.",
                exact - 1,
            ),
        ],
    )
