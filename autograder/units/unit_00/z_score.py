"""Standard error and z-score."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import unpack

EXERCISE = exercise(
    __name__,
    title="Standard error and z-score",
    function="z_score",
    points=2,
    difficulty=1,
    importance=5,
    minutes=15,
    read="section 3, How to read a check's report",
    hides=[],
    because="it is arithmetic on a table of numbers",
)


def _moments(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return samples.mean(0), samples.std(0, ddof=1) / len(samples) ** 0.5


def _triple(probe: Probe, samples: np.ndarray, exact: np.ndarray, index: int) -> Any:
    return unpack(probe.value(samples, exact), 3, "mean, error, z")[index]


@EXERCISE.part("The mean of the replicates", weight=0.5)
def mean(probe: Probe, rng: np.random.Generator) -> Finding:
    samples, exact = rng.normal(1, 2, (12, 3)), rng.normal(1, 1, 3)
    return compare(
        _triple(probe, samples, exact, 0),
        samples.mean(0),
        what="the mean",
        mistakes=[
            Mistake(
                "over_everything",
                "You averaged over all numbers. Each column is a quantity of its own: average over axis 0.",
                samples.mean(),
            ),
            Mistake(
                "wrong_axis",
                "You averaged over the last axis. Replicates come first: axis 0.",
                samples.mean(-1),
            ),
            Mistake(
                "difference",
                "This is mean minus exact. The mean itself comes first.",
                samples.mean(0) - exact,
            ),
        ],
    )


@EXERCISE.part("Its standard error")
def standard_error(probe: Probe, rng: np.random.Generator) -> Finding:
    wide = np.array([2.0, 2e-4, 50.0])
    samples, exact = rng.normal(1, wide, (6, 3)), rng.normal(1, 1, 3)
    mean, error = _moments(samples)
    spread, count = samples.std(0, ddof=1), len(samples)
    return compare(
        _triple(probe, samples, exact, 1),
        error,
        rtol=1e-9,
        what="the standard error",
        mistakes=[
            Mistake(
                "standard_deviation",
                "This is the standard deviation of one replicate. That of their mean is smaller by the root of R.",
                spread,
            ),
            Mistake(
                "biased_variance",
                "You divided the sum of squares by R. The mean was estimated from the same numbers: divide by R - 1.",
                samples.std(0) / count**0.5,
            ),
            Mistake(
                "variance_of_mean",
                "This is the variance of the mean. Its root is the standard error.",
                error**2,
            ),
            Mistake(
                "divided_by_r",
                "You divided the standard deviation by R instead of its root.",
                spread / count,
            ),
            Mistake("variance", "This is the variance of one replicate.", spread**2),
            Mistake(
                "wrong_axis",
                "You took the spread over the wrong axis. Replicates come first: axis 0.",
                samples.std(-1, ddof=1) / samples.shape[-1] ** 0.5,
            ),
        ],
    )


@EXERCISE.part("The z-score, with its sign")
def z_score(probe: Probe, rng: np.random.Generator) -> Finding:
    samples, exact = (
        rng.normal(1, 2, (6, 4)),
        np.array([-40.0, 0.0, 2.0, 45.0]) + rng.uniform(-0.5, 0.5, 4),  # z of dozens, too
    )
    mean, error = _moments(samples)
    return compare(
        _triple(probe, samples, exact, 2),
        (mean - exact) / error,
        _z_mistakes(samples, exact),
        what="z",
    )


def _z_mistakes(samples: np.ndarray, exact: np.ndarray) -> list[Mistake]:
    mean, error = _moments(samples)
    z, root = (mean - exact) / error, len(samples) ** 0.5
    return [
        Mistake("sign", "The sign is turned: z is positive when the mean is too large.", -z),
        Mistake(
            "absolute",
            "You took the absolute value. The sign says on which side the estimate errs: keep it.",
            np.abs(z),
        ),
        Mistake(
            "standard_deviation",
            "You divided by the standard deviation of one replicate. Then z does not grow with R, and no bias would "
            "ever be found: divide by the standard error.",
            z / root,
        ),
        Mistake(
            "divided_by_r",
            "You divided by s / R, not by s / root of R: a right answer would look wrong.",
            z * root,
        ),
        Mistake(
            "biased_variance",
            "The variance was divided by R; divide by R - 1.",
            (mean - exact) / (samples.std(0) / root),
        ),
        Mistake(
            "relative_error",
            "This is a relative error. How large it may be depends on the noise: divide by the standard error.",
            (mean - exact) / exact,
        ),
        Mistake(
            "over_everything",
            "Mean and spread were taken over all numbers. Each column is a quantity of its own: axis 0.",
            (samples.mean() - exact) / (samples.std(ddof=1) / samples.size**0.5),
        ),
    ]


@EXERCISE.part(
    "A single quantity; a table of them; 2,500 replicates that lie far from zero", weight=0.5
)
def scalar_and_table(probe: Probe, rng: np.random.Generator) -> Finding:
    for shape, far, spread in (
        ((9,), 0.0, 1.0),
        ((9, 2, 3), 0.0, 1.0),
        ((6, 6), 0.0, 1e-7),
        ((2500, 2), 1e6, 1.0),
    ):
        samples = far + spread * rng.normal(size=shape)
        exact = far + 0.3 * spread * rng.normal(size=shape[1:])
        mean, error = _moments(samples)
        finding = compare(
            _triple(probe, samples, exact, 2),
            (mean - exact) / error,
            _z_mistakes(samples, exact),
            rtol=1e-6 if far else 1e-8,
            atol=1e-6 if far else 1e-8,  # a mean of a million has lost its last digits before
            what=f"z for replicates of shape {shape}{' around a million' if far else ''}",
        )
        if not finding.ok:
            return finding
    samples[rng.integers(len(samples))] += (
        40.0  # one replicate is far out, and counts like any other
    )
    mean, error = _moments(samples)
    spread = samples.std(0, ddof=1)
    clipped = []
    for k in (2, 3, 4, 5, 6):
        centre, error_of_these = _moments(np.clip(samples, mean - k * spread, mean + k * spread))
        clipped.append(
            Mistake(
                "outliers_clipped",
                f"Replicates beyond {k} standard deviations were moved in. All count as they are: a heavy tail belongs to "
                "the noise.",
                (centre - exact) / error_of_these,
            )
        )
    return compare(
        _triple(probe, samples, exact, 2),
        (mean - exact) / error,
        [*clipped, *_z_mistakes(samples, exact)],
        rtol=1e-6,
        atol=1e-6,
        what="z with one replicate far out",
    )
