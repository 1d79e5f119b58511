"""ML-II of the hierarchical normal, and its boundary."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding
from autograder.checks.probe import Probe
from autograder.units.shared import unpack
from autograder.units.unit_02.ml_two_mistakes import MISTAKES, Groups

EXERCISE = exercise(
    __name__,
    title="ML-II, and its boundary",
    function="ml_two",
    points=3,
    difficulty=4,
    importance=5,
    minutes=40,
    read="section 8, At the edge",
    hides=[
        "models.tractable.linear_mixed_model:LinearMixedModel.log_evidence",
        "models.tractable.mixed_profile:profile",
    ],
)

NAMES = "value, gradient, best, posterior_means"
VALUE, GRADIENT, BEST, MEANS = range(4)
WHAT = (
    "the log evidence",
    "its gradient in mu and log tau",
    "the best mu and tau^2",
    "the posterior means at the best mu and tau^2",
)
RTOL = (1e-9, 1e-9, 1e-5, 1e-5)  # whoever searches for the best has five digits


def _inputs(rng: np.random.Generator, batch: tuple[int, ...], groups: int, sigma: float) -> Groups:
    """Data whose spread is below the noise, hardly above it, and far above; around levels far from zero."""
    size = max(int(np.prod(batch)), 1)
    ratio = rng.permutation(np.resize([0.6, 1.2, 9.0, 0.97, 1.02, 300.0], size)) * rng.uniform(
        0.99, 1.01, size
    )
    shape = rng.normal(size=(*batch, groups))
    shape = (shape - shape.mean(-1, keepdims=True)) / shape.std(-1, keepdims=True)
    level = sigma * rng.uniform(2.0, 8.0, batch) * rng.choice([-1, 1], batch)
    spread = sigma * np.sqrt(ratio).reshape(batch)
    y = level[..., None] + spread[..., None] * shape
    mu = level + sigma * rng.uniform(0.3, 1.5, batch) * rng.choice([-1, 1], batch)
    log_tau = np.log(sigma) + rng.permutation(np.linspace(-2.5, 2.0, size)).reshape(batch)
    return Groups(y, sigma, np.asarray(mu), np.asarray(log_tau + rng.uniform(-0.3, 0.3)))


def _judged(probe: Probe, rng: np.random.Generator, which: int) -> Finding:
    finding = Finding(True)
    for batch, groups, sigma in (
        ((6,), 5, rng.uniform(1.5, 3.0)),
        ((2, 3), 2, rng.uniform(0.2, 0.6)),
        ((6,), 6, rng.choice([0.01, 40.0])),
    ):
        at = _inputs(rng, batch, groups, float(sigma))
        finding = _one(probe, at, which)
        if not finding.ok:
            return finding
    return finding


def _one(probe: Probe, at: Groups, *which: int) -> Finding:
    actual, finding = (
        unpack(probe.value(at.y, at.sigma, at.mu, at.log_tau), 4, NAMES),
        Finding(True),
    )
    unit = {BEST: at.sigma**2, MEANS: at.sigma}  # what is small is small beside this
    for one in which:
        atol = min(1e-7, 1e-7 * unit[one]) if one in unit else None
        want, mistakes = at.exact()[one], MISTAKES[one](at)
        if finding.ok:
            finding = compare(
                actual[one], want, mistakes, rtol=RTOL[one], atol=atol, what=WHAT[one]
            )
    return finding


@EXERCISE.part("The log evidence at a given mu and tau")
def value(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, rng, VALUE)


@EXERCISE.part("Its gradient in mu and log tau")
def gradient(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, rng, GRADIENT)


@EXERCISE.part("The best mu and tau^2, at the boundary and off it", weight=1.5)
def best(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, rng, BEST)


@EXERCISE.part("The posterior means there")
def posterior_means(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, rng, MEANS)


@EXERCISE.part("One data set, with and without a batch axis", weight=0.5)
def one_data_set(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for batch, groups in (((), 4), ((1,), 3), ((), 2)):
        at = _inputs(rng, batch, groups, float(rng.uniform(0.5, 2.0)))
        if (
            groups != 2
        ):  # off the boundary; and once around a level beside which the spread is small
            level = 1e6 * at.sigma if batch else 0.0
            spread = (at.y - at.y.mean(-1, keepdims=True)) / at.y.std(-1, keepdims=True)
            at = at._replace(y=at.y.mean() + level + 2 * at.sigma * spread, mu=at.mu + level)
        finding = _one(probe, at, *range(4)) if finding.ok else finding
    return finding
