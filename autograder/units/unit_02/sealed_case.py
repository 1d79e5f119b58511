"""The sealed case: three estimates of a log evidence at three sizes, told apart by how they move with the size."""

from __future__ import annotations

import math

import numpy as np

from autograder.checks.exercise import exercise
from autograder.checks.sealed import Opened, seal, shuffled

EXERCISE = exercise(
    __name__,
    title="The sealed case",
    function="name_them",
    points=3,
    difficulty=4,
    importance=4,
    minutes=30,
    read="section 4, When the printed error lies",
    hides=[],
    because="no function of course_vi gives a verdict on an estimate",
)

BIASED, HEAVY, OTHER = "biased", "heavy-tailed", "another model"
SAMPLES = (8, 64, 512)
WIDE, NARROW = (14.0, 60.0), (0.08, 0.2)  # q's variance over the posterior's
ERROR, PILOT = 0.008, 200  # every printed error is about this, so that errors tell nothing
ROOT, STEP = np.linspace(-12.0, 12.0, 801), np.exp(np.linspace(-14.0, 7.0, 241))


def bias(ratio: float, away: float, samples: int) -> float:
    r"""The mean of log mean_K w / p, for a Gaussian posterior and a Gaussian q.

    ``ratio`` is q's variance over the posterior's, ``away`` the distance of the means in deviations of the posterior. With
    :math:`\varphi` the Laplace transform of one weight, :math:`\int_0^\infty (e^{-t} - \varphi(t/K)^K)\, dt / t`.
    """
    u = away + ratio**0.5 * ROOT
    w = ratio**0.5 * np.exp(0.5 * (ROOT**2 - u**2))
    q = np.exp(-0.5 * ROOT**2)
    laplace = np.exp(-np.outer(STEP / samples, w)) @ (q / q.sum())
    return float(np.trapezoid(np.exp(-STEP) - laplace**samples, np.log(STEP)))


def log_evidence(x: float, variance: float) -> float:
    """``log N(x; 0, variance)``."""
    return -0.5 * (math.log(2 * math.pi * variance) + x**2 / variance)


def _logs(rng: np.random.Generator, shape: tuple[int, int], q: tuple[float, float]) -> np.ndarray:
    """log mean_K w / p of replicates, ``shape = (R, K)``; ``q`` is a ratio and a distance, as in ``bias``."""
    ratio, away = q
    eps = rng.standard_normal(shape, dtype=np.float32)  # its rounding is nothing beside the errors
    u = eps * np.float32(ratio**0.5)  # z, in deviations of the posterior
    u += np.float32(away)
    log_w = (eps - u) * (eps + u)
    log_w *= np.float32(0.5)
    largest = log_w.max(1)
    log_w -= largest[:, None]
    total = largest + np.log(np.exp(log_w, out=log_w).mean(1, dtype=np.float64))
    return total + 0.5 * math.log(ratio)


def _printed(rng: np.random.Generator, evidence: float, q: tuple[float, float]) -> np.ndarray:
    """Mean log mean weight and its standard error for each size, ``(2, 3)``, with as many replicates as the error needs."""
    table = []
    for samples in SAMPLES:
        pilot = _logs(rng, (PILOT, samples), q)
        replicates = max(PILOT, round(float(pilot.var(ddof=1)) / ERROR**2))
        logs = _logs(rng, (replicates, samples), q)
        table.append((evidence + logs.mean(), logs.std(ddof=1) / replicates**0.5))
    return np.array(table).T


def draw(rng: np.random.Generator) -> Opened:
    """A datum, the noise of its model, and three people's tables of log mean_K w: a mean and its standard error by size, ``(3, 3)`` each.

    In half of the cases the heavy-tailed one is farther from the truth at the largest size than the other model, which lies above
    the truth in a quarter of them: neither distance nor side gives a name away.
    """
    variance = 1 + rng.uniform(0.5, 1.5) ** 2
    x = float(rng.choice([-1, 1]) * (variance * rng.uniform(2.2, 4.0)) ** 0.5)
    ranges = {BIASED: WIDE, OTHER: WIDE, HEAVY: NARROW}
    ratio = {name: math.exp(rng.uniform(*np.log(ends))) for name, ends in ranges.items()}
    q = {name: (each, rng.uniform(-0.3, 0.3)) for name, each in ratio.items()}
    behind = -bias(*q[HEAVY], SAMPLES[-1])
    apart = behind * (rng.uniform(0.5, 0.8) if rng.random() < 0.5 else rng.uniform(1.3, 2.5))
    upwards = bool(rng.random() < 0.25)
    apart = min(max(apart, 0.05), 0.2) if upwards else max(apart, 0.05)
    evidence = dict.fromkeys(q, log_evidence(x, variance))
    evidence[OTHER] += (
        apart if upwards else -apart
    )  # there is a noise that does that, as x is far out
    table = {name: _printed(rng, evidence[name], q[name]) for name in q}
    given, truth = shuffled(rng, table)
    noise = (variance - 1) ** 0.5
    samples = np.array(SAMPLES)
    return Opened(
        {"values": given[:, 0], "errors": given[:, 1], "samples": samples, "x": x, "noise": noise},
        truth,
    )


seal(EXERCISE, draw)
