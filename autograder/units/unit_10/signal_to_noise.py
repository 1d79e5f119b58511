"""Signal and noise of a gradient of the log of a mean weight, predicted."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import unpack
from autograder.units.unit_10.reference import judged

EXERCISE = exercise(
    __name__,
    title="Signal and noise, predicted",
    function="signal_and_noise",
    points=4,
    difficulty=5,
    importance=5,
    minutes=50,
    read="section 4, The trap: signal to noise",
    hides=[],
    because="course_vi measures signal and noise, and predicts neither",
)

NAMES = "mean, deviation"


class Given(NamedTuple):
    """A table of noise: chances ``(N)``, weights ``(N)``, their slopes in P parameters ``(N, P)``; and the number K of samples."""

    chance: np.ndarray
    w: np.ndarray
    slopes: np.ndarray
    num_samples: int


class Moments(NamedTuple):
    """Means of w and of its slopes, variance of w, covariances, variances of the slopes."""

    p: float
    a: np.ndarray
    var_w: float
    cov: np.ndarray
    var_a: np.ndarray


def moments(given: Given) -> Moments:
    chance, w, slopes, _ = given
    p, a = float(chance @ w), chance @ slopes
    off_w, off_a = w - p, slopes - a
    return Moments(
        p, a, float(chance @ off_w**2), chance @ (off_w[:, None] * off_a), chance @ off_a**2
    )


def mean(given: Given) -> np.ndarray:
    p, a, var_w, cov, _ = moments(given)
    value: np.ndarray = a / p + (a * var_w / p**3 - cov / p**2) / given.num_samples
    return value


def deviation(given: Given) -> np.ndarray:
    """Of slope over p less a w over p squared, by the root of K."""
    p, a, _, _, _ = moments(given)
    rest = given.slopes / p - np.outer(given.w, a) / p**2
    centred = rest - given.chance @ rest
    value: np.ndarray = np.sqrt(given.chance @ centred**2 / given.num_samples)
    return value


def _mean_mistakes(given: Given) -> list[Mistake]:
    p, a, var_w, cov, _ = moments(given)
    count = given.num_samples
    curved, crossed = a * var_w / p**3, cov / p**2
    known = [
        (
            "leading_alone",
            "This is the gradient of the log evidence: what is left at K without end. For a parameter on which the evidence does "
            "not depend it is zero, and the signal is all in the next term.",
            a / p,
        ),
        (
            "covariance_lost",
            "Numerator and denominator hold the same samples, and vary together. That term is lost.",
            a / p + curved / count,
        ),
        (
            "curvature_lost",
            "One over a mean lies above one over the expectation, on average. That term is lost.",
            a / p - crossed / count,
        ),
        ("signs", "The terms in 1/K have the wrong signs.", a / p - (curved - crossed) / count),
        (
            "covariance_sign",
            "The covariance has the wrong sign: where w is large the denominator is, too.",
            a / p + (curved + crossed) / count,
        ),
        (
            "half",
            "The second-order terms are halved once too often.",
            a / p + (curved - crossed) / (2 * count),
        ),
        (
            "half",
            "The variance of w enters the mean of one over a mean without a half: 1 / (1 + d) = 1 - d + d squared.",
            a / p + (curved / 2 - crossed) / count,
        ),
        (
            "root_k",
            "The correction falls with K, not with its root.",
            a / p + (curved - crossed) / count**0.5,
        ),
        ("k_lost", "The correction is that of one sample.", a / p + (curved - crossed)),
        (
            "correction_alone",
            "The gradient of the log evidence is left out.",
            (curved - crossed) / count,
        ),
    ]
    return [Mistake(key, hint, value) for key, hint, value in known]


def _deviation_mistakes(given: Given) -> list[Mistake]:
    p, a, var_w, cov, var_a = moments(given)
    count, right = given.num_samples, deviation(given)
    known = [
        (
            "denominator_held",
            "The denominator is taken for a constant. It varies along with the numerator; what it takes away is first order wherever "
            "the mean is not zero.",
            np.sqrt(var_a / p**2 / count),
        ),
        (
            "uncorrelated",
            "Numerator and denominator are taken for independent. They hold the same samples.",
            np.sqrt((var_a / p**2 + a**2 * var_w / p**4) / count),
        ),
        ("variance", "This is a variance; a deviation is asked.", right**2),
        ("k_lost", "This is the deviation at one sample.", right * count**0.5),
        ("over_k", "A deviation falls with the root of K.", right / count**0.5),
        (
            "second_moment",
            "This is the root of a mean square: the mean was not taken off.",
            np.sqrt(given.chance @ (given.slopes / p) ** 2 / count),
        ),
        (
            "average_of_ratios",
            "This is the deviation of a mean of ratios, slope over weight for each sample. The gradient is a ratio of means.",
            np.sqrt(_variance(given.chance, given.slopes / given.w[:, None]) / count),
        ),
    ]
    return [Mistake(key, hint, value) for key, hint, value in known]


def _variance(chance: np.ndarray, rows: np.ndarray) -> np.ndarray:
    value: np.ndarray = chance @ (rows - chance @ rows) ** 2
    return value


def _given(
    rng: np.random.Generator, points: int, size: int, kinds: str = "mixed", decades: float = 0.5
) -> Given:
    """Some slopes have mean zero, as those of q's parameters have; the others have not, as those of the model's."""
    chance = rng.dirichlet(np.full(points, 3.0))
    w = rng.gamma(2.0, 1.0, points) + 0.1
    slopes = rng.normal(size=(points, size)) * w[:, None] + 0.5 * rng.normal(size=(points, size))
    still = np.arange(size) % 2 == 0 if kinds == "mixed" else np.full(size, kinds == "q")
    drift = rng.uniform(0.3, 1.5, size) * rng.choice([-1, 1], size)
    slopes = slopes - chance @ slopes + np.where(still, 0.0, drift)
    unit = 10.0 ** (decades * rng.uniform(-1, 1))
    return Given(chance, unit * w, unit * slopes, int(rng.integers(16, 200)))


def _judged(probe: Probe, given: Given, row: int) -> Finding:
    actual = unpack(probe.value(*given), 2, NAMES)[row]
    what = f"the {NAMES.split(', ')[row]} for {given.slopes.shape[1]} parameters"
    if row:
        return judged(actual, deviation(given), _deviation_mistakes, given, what)
    return judged(actual, mean(given), _mean_mistakes, given, what)


def _row(probe: Probe, rng: np.random.Generator, row: int, kind: str) -> Finding:
    finding = Finding(True)
    for points, size in ((6, 4), (9, 3), (5, 5)):
        if finding.ok:
            finding = _judged(probe, _given(rng, points, size, kind), row)
    return finding


@EXERCISE.part("The mean, for parameters of q: up to 1/K", weight=1)
def mean_of_q(probe: Probe, rng: np.random.Generator) -> Finding:
    return _row(probe, rng, 0, "q")


@EXERCISE.part("The mean, for parameters of the model too: up to 1/K", weight=1.5)
def mean_of_all(probe: Probe, rng: np.random.Generator) -> Finding:
    return _row(probe, rng, 0, "mixed")


@EXERCISE.part("The standard deviation, to leading order", weight=1.5)
def noise(probe: Probe, rng: np.random.Generator) -> Finding:
    return _row(probe, rng, 1, "mixed")


@EXERCISE.part(
    "In whatever unit the weights are measured, from 1e-60 to 1e60; one parameter; few and many points; K from 2 up to a million",
    weight=0.5,
)
def units_and_sizes(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for power, points, size in ((-60, 5, 3), (60, 4, 2), (-20, 40, 1), (0, 2, 2), (30, 3, 3)):
        given, unit = _given(rng, points, size, decades=0.0), 10.0**power
        given = given._replace(w=unit * given.w, slopes=unit * given.slopes)
        if power == 0:
            given = given._replace(num_samples=int(rng.integers(500_000, 1_000_000)))
        if power == -20:  # fewer samples than points
            given = given._replace(num_samples=int(rng.integers(2, 12)))
        for row in (0, 1):
            finding = _judged(probe, given, row) if finding.ok else finding
    return finding
