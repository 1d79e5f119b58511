"""CAVI for linear regression with unknown noise: one pass, and the bound after it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import digamma, gammaln

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import LOG_2PI, unpack

EXERCISE = exercise(
    __name__,
    title="Mean field for a regression with unknown noise",
    function="regression_cavi",
    points=4,
    difficulty=5,
    importance=4,
    minutes=60,
    read="A mean and a precision",
    hides=[],
    because="course_vi has CAVI for a normal and a mixture, and no regression whose noise is unknown",
)

NAMES = "loc, covariance, shape, rate, elbo"
LOC, COVARIANCE, SHAPE, RATE, ELBO = range(5)


class Question(NamedTuple):
    """F ``(N, D)``, y ``(N)``; prior precision of the weights, shape and rate of the noise precision; its mean at the moment."""

    features: np.ndarray
    y: np.ndarray
    alpha: float
    shape: float
    rate: float
    mean_tau: float


class Factors(NamedTuple):
    loc: np.ndarray
    covariance: np.ndarray
    shape: float
    rate: float


def passed(ask: Question) -> Factors:
    """q(w), then q(tau)."""
    F, y = ask.features, ask.y
    covariance = np.linalg.inv(ask.alpha * np.eye(F.shape[1]) + ask.mean_tau * F.T @ F)
    loc = ask.mean_tau * covariance @ (F.T @ y)
    squares = ((y - F @ loc) ** 2).sum() + np.trace(F @ covariance @ F.T)
    return Factors(loc, covariance, ask.shape + len(y) / 2, ask.rate + squares / 2)


def terms(ask: Question, q: Factors) -> dict[str, float]:
    """The parts of the ELBO at any factors: likelihood, two priors, two entropies."""
    F, y, alpha, a, b, _ = ask
    D, N = F.shape[1], len(y)
    tau, log_tau = q.shape / q.rate, digamma(q.shape) - np.log(q.rate)
    squares = ((y - F @ q.loc) ** 2).sum() + np.trace(F @ q.covariance @ F.T)
    size = q.loc @ q.loc + np.trace(q.covariance)
    return {
        "likelihood": N / 2 * (log_tau - LOG_2PI) - tau / 2 * squares,
        "prior_w": D / 2 * (np.log(alpha) - LOG_2PI) - alpha / 2 * size,
        "prior_tau": a * np.log(b) - gammaln(a) + (a - 1) * log_tau - b * tau,
        "entropy_w": D / 2 * (1 + LOG_2PI) + np.linalg.slogdet(q.covariance)[1] / 2,
        "entropy_tau": q.shape
        - np.log(q.rate)
        + gammaln(q.shape)
        + (1 - q.shape) * digamma(q.shape),
    }


def elbo(ask: Question, q: Factors) -> float:
    return float(sum(terms(ask, q).values()))


def _gaussian_mistakes(ask: Question, index: int) -> list[Mistake]:
    F, y, right = ask.features, ask.y, passed(ask)
    eye = np.eye(F.shape[1])
    variants = {
        "prior_scaled": (
            "The prior of the weights was made to scale with the noise, as in the lecture's normal. Here alpha stands by itself.",
            np.linalg.inv(ask.mean_tau * (ask.alpha * eye + F.T @ F)),
        ),
        "no_prior": (
            "The prior precision of the weights is missing.",
            np.linalg.pinv(ask.mean_tau * F.T @ F),
        ),
        "no_noise": (
            "The precision of the noise is missing in q(w).",
            np.linalg.inv(ask.alpha * eye + F.T @ F),
        ),
        "variance_for_precision": (
            "mean_tau is a mean precision. Here it was taken for a variance.",
            np.linalg.inv(ask.alpha * eye + F.T @ F / ask.mean_tau),
        ),
        "prior_variance": (
            "alpha is the precision of the prior. Here it was taken for its variance.",
            np.linalg.inv(eye / ask.alpha + ask.mean_tau * F.T @ F),
        ),
        "factorized": (
            "This is diagonal: q(w) need not factorize over the weights, only w and tau part.",
            np.diag(1 / np.diag(ask.alpha * eye + ask.mean_tau * F.T @ F)),
        ),
    }
    if index == COVARIANCE:
        return [
            *(Mistake(key, hint, value) for key, (hint, value) in variants.items()),
            Mistake(
                "precision_returned",
                "This is the precision matrix: return its inverse.",
                np.linalg.inv(right.covariance),
            ),
        ]
    return [
        *(
            Mistake(key, hint, ask.mean_tau * value @ (F.T @ y))
            for key, (hint, value) in variants.items()
        ),
        Mistake(
            "no_noise",
            "The precision of the noise is missing in the mean, where it stands before the sum over the data.",
            right.covariance @ (F.T @ y),
        ),
    ]


def _gamma_mistakes(asks: list[Question], index: int) -> list[Mistake]:
    def each(of: Any) -> np.ndarray:
        return np.array([of(ask, passed(ask)) for ask in asks])

    def residual(ask: Question, q: Factors) -> float:
        return float(((ask.y - ask.features @ q.loc) ** 2).sum())

    def spread(ask: Question, q: Factors) -> float:
        return float(np.trace(ask.features @ q.covariance @ ask.features.T))

    def size(ask: Question, q: Factors) -> float:
        return float(ask.alpha * (q.loc @ q.loc + np.trace(q.covariance)))

    if index == SHAPE:
        return [
            Mistake(
                "weights_counted",
                "Half a unit too many for each weight, as if their prior scaled with the noise. Here only the data speak of tau.",
                each(lambda ask, q: q.shape + ask.features.shape[1] / 2),
            ),
            Mistake(
                "degrees_of_freedom",
                "The number of weights was taken off the number of data. Their uncertainty enters through q(w), in the rate.",
                each(lambda ask, q: q.shape - ask.features.shape[1] / 2),
            ),
            Mistake(
                "half_lost",
                "One half for each datum: the density of y has the root of tau before it.",
                each(lambda ask, q: ask.shape + len(ask.y)),
            ),
            Mistake(
                "half_more",
                "There is half a unit too many, which comes of the lecture's prior of the mean.",
                each(lambda ask, q: q.shape + 0.5),
            ),
        ]
    return [
        Mistake(
            "plug_in",
            "The mean of w was put in for w. Its covariance widens the squares: E (y - f w)^2 has a variance in it.",
            each(lambda ask, q: ask.rate + residual(ask, q) / 2),
        ),
        Mistake(
            "half_lost",
            "One half before the squares.",
            each(lambda ask, q: ask.rate + residual(ask, q) + spread(ask, q)),
        ),
        Mistake(
            "weights_counted",
            "The size of the weights is in the rate, as if their prior scaled with the noise.",
            each(lambda ask, q: q.rate + size(ask, q) / 2),
        ),
        Mistake(
            "trace_alone",
            "The trace of the covariance stands here without the features, which turn it into a variance of predictions.",
            each(lambda ask, q: ask.rate + (residual(ask, q) + np.trace(q.covariance)) / 2),
        ),
        Mistake(
            "rate_for_scale",
            "This is one over the rate: a Gamma distribution by its scale.",
            each(lambda ask, q: 1 / q.rate),
        ),
    ]


def _elbo_mistakes(asks: list[Question]) -> list[Mistake]:
    def each(of: Any) -> np.ndarray:
        return np.array([of(ask, passed(ask)) for ask in asks])

    def without(*names: str) -> np.ndarray:
        return each(lambda ask, q: elbo(ask, q) - sum(terms(ask, q)[name] for name in names))

    def spread(ask: Question, q: Factors) -> float:
        return float(np.trace(ask.features @ q.covariance @ ask.features.T))

    return [
        Mistake("no_entropy", "Both entropies are missing.", without("entropy_w", "entropy_tau")),
        Mistake("no_entropy", "The entropy of q(w) is missing.", without("entropy_w")),
        Mistake("no_entropy", "The entropy of q(tau) is missing.", without("entropy_tau")),
        Mistake("no_prior_term", "E log p(tau) is missing.", without("prior_tau")),
        Mistake("no_prior_term", "E log p(w) is missing.", without("prior_w")),
        Mistake(
            "log_of_mean",
            "The logarithm of the mean of tau stands where the mean of its logarithm belongs, digamma(shape) - log(rate).",
            each(
                lambda ask, q: (
                    elbo(ask, q)
                    + (len(ask.y) / 2 + ask.shape - 1) * (np.log(q.shape) - digamma(q.shape))
                )
            ),
        ),
        Mistake(
            "log_of_mean",
            "In the likelihood, the logarithm of the mean of tau stands where the mean of its logarithm belongs.",
            each(
                lambda ask, q: elbo(ask, q) + len(ask.y) / 2 * (np.log(q.shape) - digamma(q.shape))
            ),
        ),
        Mistake(
            "plug_in",
            "In the likelihood, the mean of w was put in for w.",
            each(lambda ask, q: elbo(ask, q) + q.shape / q.rate / 2 * spread(ask, q)),
        ),
        Mistake(
            "old_tau",
            "The likelihood still uses the mean of tau from before the pass.",
            each(
                lambda ask, q: (
                    elbo(ask, q) + (q.shape / q.rate - ask.mean_tau) * (q.rate - ask.rate)
                )
            ),
        ),
        Mistake("loss", "This is minus the bound.", each(lambda ask, q: -elbo(ask, q))),
        Mistake(
            "constants_lost",
            "The constant N/2 log 2 pi of the likelihood is missing.",
            each(lambda ask, q: elbo(ask, q) + len(ask.y) / 2 * LOG_2PI),
        ),
    ]


def _asked(
    rng: np.random.Generator,
    rows: int,
    weights: int,
    noise: float,
    alpha: float,
    mean_tau: float,
    unit: float = 1.0,
) -> Question:
    """Correlated features of unlike size, a shape on either side of one."""
    mix = np.eye(weights) + 0.5 * rng.normal(size=(weights, weights))
    features = rng.normal(size=(rows, weights)) @ mix * np.exp(rng.uniform(-0.7, 0.7, weights))
    features = features * unit
    w = rng.normal(size=weights) * 1.5
    y = features @ w + noise * rng.normal(size=rows) + rng.choice([-1.0, 1.0]) * 0.5
    shape, rate = rng.choice([0.6, 2.5]) * rng.uniform(0.9, 1.2), np.exp(rng.uniform(-0.7, 1.2))
    return Question(features, y, alpha * rng.uniform(0.7, 1.4), float(shape), float(rate), mean_tau)


def _places(rng: np.random.Generator) -> list[Question]:
    """Several weights, more weights than data, as many, one weight, one datum; loud and quiet noise, wide and narrow priors,
    small features."""
    return [
        _asked(rng, 12, 3, 0.5, 0.3, float(rng.uniform(1.5, 4.0))),
        _asked(rng, 3, 5, 1.0, 2.0, float(rng.uniform(0.2, 0.6))),
        _asked(rng, 4, 4, 0.1, 0.8, float(rng.uniform(20.0, 60.0))),
        _asked(rng, 9, 1, 10.0, 0.05, float(rng.uniform(0.01, 0.04))),
        _asked(rng, 1, 2, 0.5, 5.0, float(rng.uniform(0.5, 0.9))),
        _asked(rng, 8, 3, 0.5, 0.002, float(rng.uniform(0.2, 0.6)), 0.05),
    ]


def _one(probe: Probe, rng: np.random.Generator, index: int, what: str) -> Finding:
    finding = Finding(True)
    for ask in _places(rng):
        got = unpack(probe.value(*ask), 5, NAMES)[index]
        finding = compare(got, passed(ask)[index], _gaussian_mistakes(ask, index), what=what)
        if not finding.ok:
            return finding
    return finding


def _together(
    probe: Probe, asks: list[Question], index: int, what: str, mistakes: list[Mistake]
) -> Finding:
    actual = [unpack(probe.value(*ask), 5, NAMES)[index] for ask in asks]
    want = [elbo(ask, passed(ask)) if index == ELBO else passed(ask)[index] for ask in asks]
    for raw, number in zip(actual, want, strict=True):
        single = compare(raw, number, what=what)
        if single.diagnosis in ("type", "shape", "not_finite"):
            return single
    numbers = np.array([float(np.asarray(raw)) for raw in actual])
    return compare(numbers, np.array(want), mistakes, what=f"{what}, asked {len(asks)} times")


@EXERCISE.part("q(w): its covariance")
def covariance(probe: Probe, rng: np.random.Generator) -> Finding:
    return _one(probe, rng, COVARIANCE, "the covariance of the weights")


@EXERCISE.part("q(w): its mean")
def mean(probe: Probe, rng: np.random.Generator) -> Finding:
    return _one(probe, rng, LOC, "the mean of the weights")


@EXERCISE.part("q(tau): shape and rate")
def gamma(probe: Probe, rng: np.random.Generator) -> Finding:
    asks = _places(rng)
    finding = _together(probe, asks, SHAPE, "the shape", _gamma_mistakes(asks, SHAPE))
    if finding.ok:
        finding = _together(probe, asks, RATE, "the rate", _gamma_mistakes(asks, RATE))
    return finding


@EXERCISE.part("The ELBO after the pass, all constants included", weight=1.5)
def bound(probe: Probe, rng: np.random.Generator) -> Finding:
    asks = _places(rng)
    finding = _together(probe, asks, ELBO, "the ELBO", _elbo_mistakes(asks))
    if finding.ok:  # a determinant that no float holds: 120 weights, each settled to a hundredth
        asks = [_asked(rng, 4, 120, 0.3, 1e4, float(rng.uniform(0.5, 2.0)))]
        finding = _together(probe, asks, ELBO, "the ELBO, of 120 weights", _elbo_mistakes(asks))
    return finding
