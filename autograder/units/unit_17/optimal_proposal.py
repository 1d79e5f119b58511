"""The locally optimal proposal of a linear Gaussian model, and the weight that goes with it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import LOG_2PI, judged_rows
from autograder.units.unit_17.reference import RTOL, covariance

EXERCISE = exercise(
    __name__,
    title="The locally optimal proposal",
    function="optimal_proposal",
    points=3,
    difficulty=3,
    importance=4,
    minutes=30,
    read="section 4, Better proposals",
    hides=[],
    because="course_vi takes proposals and has none of its own; a Kalman filter of one step is a right answer",
)

NAMES = "mean, covariance, log weight"
ROWS = NAMES.split(", ")


class Given(NamedTuple):
    """A and Q ``(d, d)``, C ``(p, d)``, R ``(p, p)``; states before ``(N, *B, d)``, data now ``(*B, p)``."""

    transition: np.ndarray
    transition_cov: np.ndarray
    emission: np.ndarray
    emission_cov: np.ndarray
    previous: np.ndarray
    x: np.ndarray


def log_normal(off: np.ndarray, cov: np.ndarray) -> np.ndarray:
    """log N(off; 0, cov), ``(*B)``."""
    square = (off * np.linalg.solve(cov, off[..., None])[..., 0]).sum(-1)
    value: np.ndarray = -0.5 * (square + np.linalg.slogdet(cov)[1] + off.shape[-1] * LOG_2PI)
    return value


def right(given: Given) -> list[np.ndarray]:
    a, q, c, r, previous, x = given
    own, total = previous @ a.T, c @ q @ c.T + r
    gain = np.linalg.solve(total, c @ q).T
    kept = np.eye(len(a)) - gain @ c
    off = x - own @ c.T
    return [own + off @ gain.T, kept @ q @ kept.T + gain @ r @ gain.T, log_normal(off, total)]


def _mean_mistakes(given: Given) -> list[Mistake]:
    a, q, c, r, previous, x = given
    own, mean = previous @ a.T, right(given)[0]
    moved = previous @ a
    total = c @ q @ c.T + r
    gain = np.linalg.solve(total, c @ q).T
    return [
        Mistake("bootstrap", "This is the model's own move. It has not seen x.", own),
        Mistake(
            "transposed",
            "A is transposed: a state is moved by A z.",
            moved + (x - moved @ c.T) @ gain.T,
        ),
        Mistake(
            "gain_without_noise",
            "The gain leaves the noise of the measurement out.",
            own + (x - own @ c.T) @ np.linalg.pinv(c @ q @ c.T).T @ c @ q,
        ),
        Mistake(
            "measured_before_move",
            "x is compared with what the state *before* the move would give.",
            own + (x - previous @ c.T) @ gain.T,
        ),
        Mistake("correction_sign", "The correction has the wrong sign.", 2 * own - mean),
        Mistake(
            "correction_alone",
            "This is the correction alone: add it to the model's move.",
            mean - own,
        ),
        Mistake(
            "noise_alone",
            "The gain weighs by R alone. What is unsure of x is C z, too.",
            own + (x - own @ c.T) @ np.linalg.solve(r, c @ q),
        ),
    ]


def _cov_mistakes(given: Given) -> list[Mistake]:
    _, q, c, r, _, _ = given
    cov = right(given)[1]
    total = c @ q @ c.T + r
    return [
        Mistake("bootstrap", "This is the covariance of the model's own move.", q),
        Mistake("precision", "This is the inverse of the covariance.", np.linalg.inv(cov)),
        Mistake(
            "root", "This is a Cholesky factor. The covariance is asked.", np.linalg.cholesky(cov)
        ),
        Mistake(
            "sum_not_difference", "Seeing x makes the state surer, not less sure.", 2 * q - cov
        ),
        Mistake(
            "of_measurement",
            "This is the covariance of the measurement.",
            total if total.shape == q.shape else np.full(q.shape, np.nan),
        ),
    ]


def _weight_mistakes(given: Given) -> list[Mistake]:
    a, q, c, r, previous, x = given
    own = previous @ a.T
    off, total, mean = x - own @ c.T, c @ q @ c.T + r, right(given)[0]
    weight = right(given)[2]
    return [
        Mistake(
            "state_taken_for_sure",
            "The state has yet to move, with noise: that spreads x, too.",
            log_normal(off, r),
        ),
        Mistake(
            "at_the_mean",
            "This weighs the mean of the proposal. The weight is a ratio in which the new state cancels.",
            log_normal(x - mean @ c.T, r),
        ),
        Mistake(
            "state_alone", "The noise of the measurement is left out.", log_normal(off, total - r)
        ),
        Mistake(
            "determinant_lost",
            "The determinant is lost: it is the same for all particles, and not for all steps.",
            weight + np.linalg.slogdet(total)[1] / 2,
        ),
        Mistake(
            "determinant_whole",
            "The log-determinant goes in with a half.",
            weight - np.linalg.slogdet(total)[1] / 2,
        ),
        Mistake(
            "normalized",
            "These weights are normalized. The filter needs them as they are: their mean is its evidence.",
            weight - np.logaddexp.reduce(weight, 0),
        ),
        Mistake(
            "relative",
            "These are weights beside the largest one. The filter needs them as they are.",
            weight - weight.max(0),
        ),
        Mistake("sign", "This is minus the log weight.", -weight),
    ]


MISTAKES = (_mean_mistakes, _cov_mistakes, _weight_mistakes)


def _given(
    rng: np.random.Generator,
    batch: tuple[int, ...],
    sizes: tuple[int, int],
    noise: float = 1.0,
    far: float = 0.0,
    count: int = 4,
) -> Given:
    d, p = sizes
    return Given(
        rng.normal(size=(d, d)) + 0.3,
        covariance(rng, d, float(rng.uniform(0.5, 2.0))),
        rng.normal(size=(p, d)) + 0.3,
        covariance(rng, p, noise),
        rng.normal(size=(count, *batch, d)) * 2 + 0.5,
        rng.normal(size=(*batch, p)) * 2 - 0.5 + far,
    )


def _judge(probe: Probe, given: Given, *rows: int) -> Finding:
    (n, *_), (p, d) = given.previous.shape, given.emission.shape
    rest = f"{n} particles, d = {d}, p = {p}, x of shape {given.x.shape}"
    return judged_rows(
        probe.value(*given),
        right(given),
        NAMES,
        rows,
        lambda one, row: MISTAKES[row](one),
        given,
        lambda row: f"the {ROWS[row]}, {rest}",
        RTOL,
    )


CASES = (((3,), (2, 1)), ((2,), (1, 2)), ((2, 3), (2, 2)), ((3,), (3, 2)), ((4,), (1, 1)))


def _row(probe: Probe, rng: np.random.Generator, row: int) -> Finding:
    finding = Finding(True)
    for batch, sizes in CASES:
        given = _given(rng, batch, sizes, noise=float(rng.uniform(0.4, 1.5)))
        finding = _judge(probe, given, row) if finding.ok else finding
    return finding


@EXERCISE.part("The mean of the proposal", weight=1)
def mean(probe: Probe, rng: np.random.Generator) -> Finding:
    return _row(probe, rng, 0)


@EXERCISE.part("Its covariance", weight=1)
def cov(probe: Probe, rng: np.random.Generator) -> Finding:
    return _row(probe, rng, 1)


@EXERCISE.part("The log weight", weight=1)
def log_weight(probe: Probe, rng: np.random.Generator) -> Finding:
    return _row(probe, rng, 2)


@EXERCISE.part(
    "One particle; no batch axis; sharp measurements, and data that nobody expects", weight=0.5
)
def sizes_and_extremes(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = [
        _given(rng, (), (2, 1), count=1),
        _given(rng, (1,), (3, 3)),
        _given(rng, (3,), (1, 1), noise=0.01),
        _given(rng, (2,), (2, 2), noise=0.01, far=500.0),
        _given(rng, (2,), (2, 3), noise=20.0),
    ]
    finding = Finding(True)
    for given in cases:
        finding = _judge(probe, given, 0, 1, 2) if finding.ok else finding
    return finding
