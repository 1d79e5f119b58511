"""The log of a mean weight, and its standard error."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import unpack

EXERCISE = exercise(
    __name__,
    title="The log evidence, and its error",
    function="log_evidence",
    points=2,
    difficulty=2,
    importance=5,
    minutes=20,
    read="section 3, Importance sampling",
    hides=[
        "bounds:iwae",
        "mini_vi:iwae",
        "diagnostics.log_evidence:naive_log_evidence",
        "diagnostics.log_evidence:importance_log_evidence",
    ],
)

VALUE, ERROR = "the log evidence", "its standard error"
NAMES = "value, standard_error"
RTOL = 1e-9


def relative_weights(log_w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights in units of the largest of their datum, ``(K, *B)``, and the log of that unit, ``(*B)``."""
    top = log_w.max(0)
    return np.exp(log_w - top), top


def exact(log_w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The log of the mean weight, and its standard error by the delta method, ``(*B)`` each."""
    w, top = relative_weights(log_w)
    mean = w.mean(0)
    return np.log(mean) + top, w.std(0, ddof=1) / len(w) ** 0.5 / mean


def _value_mistakes(log_joint: np.ndarray, log_q: np.ndarray) -> list[Mistake]:
    log_w = log_joint - log_q
    right, count = exact(log_w)[0], len(log_w)
    with np.errstate(all="ignore"):
        return [
            Mistake(
                "missing_log_k",
                "This is the log of the sum of the weights. Their mean is asked: subtract log K.",
                right + np.log(count),
            ),
            Mistake(
                "mean_of_logs",
                "You averaged the logs. That estimates a lower bound (the next unit's): first the mean of the weights, then the "
                "logarithm.",
                log_w.mean(0),
            ),
            Mistake(
                "q_dropped",
                "The weights are p(x, z) alone. A weight is p(x, z) over q(z): samples that q makes too often count less.",
                exact(log_joint)[0],
            ),
            Mistake(
                "q_added",
                "q has the wrong sign: a weight is p(x, z) divided by q(z), so its logarithm is a difference.",
                exact(log_joint + log_q)[0],
            ),
            Mistake(
                "mean_of_weights",
                "This is the mean of the weights. Its logarithm is asked.",
                np.exp(right),
            ),
            Mistake("largest", "This is the largest log weight.", log_w.max(0)),
        ]


def _error_mistakes(log_joint: np.ndarray, log_q: np.ndarray) -> list[Mistake]:
    log_w = log_joint - log_q
    right, count = exact(log_w)[1], len(log_w)
    w, top = relative_weights(log_w)
    finite = np.where(np.isfinite(log_w), log_w, 0.0)
    with np.errstate(all="ignore"):
        return [
            Mistake(
                "one_weight",
                "This is the relative deviation of one weight. You have the mean of K: divide by the root of K.",
                right * count**0.5,
            ),
            Mistake(
                "over_k",
                "This divides by K. The deviation of a mean of K falls with the root of K.",
                right / count**0.5,
            ),
            Mistake(
                "not_relative",
                "This is the standard error of the mean weight itself. Its logarithm moves by d p / p: divide by the mean.",
                right * np.exp(exact(log_w)[0]),
            ),
            Mistake(
                "of_the_logs",
                "This is the standard error of the mean of the logs. Asked is that of the log of the mean.",
                finite.std(0, ddof=1) / count**0.5,
            ),
            Mistake(
                "divided_by_k",
                "The squared deviations are divided by K, not by K - 1: with few samples the error comes out too small.",
                right * ((count - 1) / count) ** 0.5,
            ),
            Mistake("squared", "This is a relative variance: the root is missing.", right**2),
            Mistake(
                "in_units_of_the_largest",
                "The deviation is in units of the largest weight, and is divided by nothing. Divide it by the mean in the same "
                "units.",
                w.std(0, ddof=1) / count**0.5,
            ),
            Mistake(
                "q_dropped",
                "The weights are p(x, z) alone. A weight is p(x, z) over q(z).",
                exact(log_joint)[1],
            ),
        ]


def _inputs(
    rng: np.random.Generator, samples: int, batch: tuple[int, ...], level: float = 3.0
) -> tuple[np.ndarray, np.ndarray]:
    """log p(x, z) and log q(z), ``(K, *B)``: each datum has a level of its own, and spreads differ."""
    size = max(int(np.prod(batch)), 1)
    spread = rng.permutation(np.geomspace(0.3, 2.5, size)).reshape(batch)
    log_q = rng.normal(size=(samples, *batch)) - rng.uniform(0.5, 1.5)
    log_w = spread * rng.normal(size=(samples, *batch)) + level * rng.normal(size=batch)
    return log_w + log_q, log_q


def _judged(probe: Probe, log_joint: np.ndarray, log_q: np.ndarray, *which: int) -> Finding:
    actual, finding = unpack(probe.value(log_joint, log_q), 2, NAMES), Finding(True)
    for one in which:
        want = exact(log_joint - log_q)[one]
        mistakes = (_value_mistakes, _error_mistakes)[one](log_joint, log_q)
        if finding.ok:
            atol = 1e-9 * float(np.abs(want).max()) if one else None  # errors may be small
            finding = compare(
                actual[one], want, mistakes, rtol=RTOL, atol=atol, what=(VALUE, ERROR)[one]
            )
    return finding


@EXERCISE.part("The log of the mean weight, datum by datum")
def value(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = _judged(probe, *_inputs(rng, int(rng.integers(5, 8)), (4,)), 0)
    return finding if not finding.ok else _judged(probe, *_inputs(rng, 3, (2, 3)), 0)


@EXERCISE.part("Its standard error, by the delta method")
def standard_error(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = _judged(probe, *_inputs(rng, int(rng.integers(5, 8)), (4,)), 1)
    return finding if not finding.ok else _judged(probe, *_inputs(rng, 3, (2, 3)), 1)


@EXERCISE.part("Weights that underflow and overflow, next to each other; and weights that are zero")
def far_from_zero(probe: Probe, rng: np.random.Generator) -> Finding:
    log_joint, log_q = _inputs(rng, 6, (5,))
    log_joint += rng.permutation([-10_000.0, -800.0, 0.0, 750.0, 10_000.0])
    log_joint[rng.permutation(6)[:5], np.arange(5)] = -np.inf
    finding = _judged(probe, log_joint, log_q, 0, 1)
    if not finding.ok:
        return finding
    log_joint, log_q = _inputs(rng, 4, (3,), level=400.0)
    log_joint[0] += rng.uniform(40.0, 60.0)  # one weight is all that there is
    finding = _judged(probe, log_joint, log_q, 0, 1)
    if not finding.ok:
        return finding
    shared = rng.permutation([-3000.0, -900.0, 0.0, 900.0])[:, None] * rng.uniform(0.9, 1.1, (4, 3))
    log_joint, log_q = _inputs(rng, 4, (3,))  # only together are they in reach
    finding = _judged(probe, log_joint + shared, log_q + shared, 0, 1)
    if not finding.ok:
        return finding
    nearly = 1e-6 * rng.normal(size=(5, 3)) + rng.normal(size=3)  # weights that are hardly apart
    log_q = rng.normal(size=(5, 3))
    return _judged(probe, nearly + log_q, log_q, 0, 1)


@EXERCISE.part("Two samples; one datum, with and without a batch axis; as many data as samples")
def other_sizes(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for samples, batch in ((2, (3,)), (5, ()), (3, (1,)), (4, (4,)), (2, (2, 1))):
        finding = _judged(probe, *_inputs(rng, samples, batch), 0, 1) if finding.ok else finding
    return finding
