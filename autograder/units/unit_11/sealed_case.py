"""The sealed case: three fits to one linear Gaussian model, told apart by nothing but their samples."""

from __future__ import annotations

from typing import NamedTuple

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
    read="section 5, Two gaps",
    hides=[],
    because="no function of course_vi gives a verdict on a fit",
)

AMORTIZATION, APPROXIMATION, RIGHT = "amortization gap", "approximation gap", "right"
SAMPLES, DATA, APART = 400, 6, 6.0
FAULTS = ("mean", "scale", "correlation")


class Problem(NamedTuple):
    """A linear Gaussian model with two latents, its data, and its posterior at each: mean (B, 2), one precision and covariance."""

    weight: np.ndarray
    variance: float
    x: np.ndarray
    mean: np.ndarray
    precision: np.ndarray
    covariance: np.ndarray


def _problem(rng: np.random.Generator) -> Problem:
    weight, variance = rng.normal(size=(3, 2)), float(rng.uniform(0.5, 2.0))
    precision = np.eye(2) + weight.T @ weight / variance
    z = 1.3 * rng.normal(size=(DATA, 2))
    x = z @ weight.T + variance**0.5 * rng.normal(size=(DATA, 3))
    mean = np.linalg.solve(precision, weight.T @ x.T / variance).T
    return Problem(weight, variance, x, mean, precision, np.linalg.inv(precision))


def _written(rng: np.random.Generator, of: Problem, fault: str) -> tuple[np.ndarray, np.ndarray]:
    """What an encoder of the right family writes that gets worse farther out: means (B, 2) and covariances (B, 2, 2).

    Its means flatten out; or its scales are too small at one end and too large at the other; or its correlations turn.
    """
    far = np.linalg.norm(of.mean, axis=1).argsort().argsort() / (DATA - 1)  # 0, ..., 1
    mean, covariance = of.mean, np.repeat(of.covariance[None], DATA, 0)
    if fault == "mean":
        level = rng.uniform(0.4, 2.0)
        mean = level * np.tanh(mean / level)
    elif fault == "scale":
        factor = 1 + rng.uniform(0.5, 0.9) * rng.choice([-1, 1]) * (2 * far - 1)
        covariance = covariance * factor[:, None, None]
    else:
        covariance[:, 0, 1] *= 1 - rng.uniform(0.6, 1.9) * far
        covariance[:, 1, 0] = covariance[:, 0, 1]
    return mean, covariance


def _gap(of: Problem, mean: np.ndarray, covariance: np.ndarray) -> float:
    """The mean divergence from the posterior, in nats."""
    off = mean - of.mean
    trace = np.einsum("ij,bji->b", of.precision, covariance)
    square = np.einsum("bi,ij,bj->b", off, of.precision, off)
    log_det = np.linalg.slogdet(covariance)[1] + np.linalg.slogdet(of.precision)[1]
    return float(0.5 * (trace + square - 2 - log_det).mean())


def _told_apart(of: Problem, mean: np.ndarray, covariance: np.ndarray) -> bool:
    """Whether at some datum a mean, a variance or a correlation of each differs from the others' by ``APART`` standard errors."""
    deviation = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    correlation = covariance[:, 0, 1] / deviation.prod(1)
    exact = np.diagonal(of.covariance) ** 0.5
    widest = np.maximum(deviation, exact)
    rho = of.covariance[0, 1] / exact.prod()
    means = np.abs((mean - of.mean) / widest).max() * SAMPLES**0.5
    variances = np.abs((deviation**2 - exact**2) / widest**2).max() * (SAMPLES / 2) ** 0.5
    correlations = np.abs(correlation - rho).max() * SAMPLES**0.5
    from_best = max(
        np.abs(correlation).max() * SAMPLES**0.5, means
    )  # from the best independent one
    return max(means, variances, correlations) > APART < min(abs(rho) * SAMPLES**0.5, from_best)


def draw(rng: np.random.Generator) -> Opened:
    """A model, its data, and samples of three fits at each.

    In half of the cases the amortization gap is the larger of the two. A third of the encoders write wrong means, a third wrong scales
    that are right on average over the data, a third correlations that turn from datum to datum.
    """
    larger, fault = rng.random() < 0.5, FAULTS[rng.integers(len(FAULTS))]
    while True:
        of = _problem(rng)
        mean, covariance = _written(rng, of, fault)
        best = np.repeat(np.diag(1 / np.diagonal(of.precision))[None], DATA, 0)
        wanted = (_gap(of, mean, covariance) > _gap(of, of.mean, best)) == larger
        if wanted and _told_apart(of, mean, covariance):
            break
    exact = np.repeat(of.covariance[None], DATA, 0)
    fits = {
        AMORTIZATION: (mean, covariance),
        APPROXIMATION: (of.mean, best),
        RIGHT: (of.mean, exact),
    }
    samples = {}
    for name, (loc, covariances) in fits.items():
        noise = rng.normal(size=(SAMPLES, DATA, 2))
        samples[name] = loc + np.einsum("bij,kbj->kbi", np.linalg.cholesky(covariances), noise)
    stacked, truth = shuffled(rng, samples)
    return Opened({"z": stacked, "x": of.x, "weight": of.weight, "variance": of.variance}, truth)


seal(EXERCISE, draw)
