"""Why no subset that q has seen may stand for its set: three numbers about one set, by all of its subsets."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import LOG_2PI, unpack

EXERCISE = exercise(
    __name__,
    title="A subset that q has seen",
    function="seen_twice",
    points=3,
    difficulty=4,
    importance=4,
    minutes=40,
    read="section 4, The neural statistician",
    hides=[],
    because="nothing of course_vi scores a subset for its set",
)

EVIDENCE, INFLATED, HONEST = range(3)
NAMES = "evidence, seen twice, honest"
TITLES = (
    "the log evidence",
    "the highest objective on a subset that q has seen, on average",
    "the bound on the whole set with the posterior of a subset, on average",
)


class Given(NamedTuple):
    """A set ``x: (N)``, the scales of c and of the points around it, and the size of the subsets."""

    x: np.ndarray
    tau: float
    sigma: float
    size: int

    def subsets(self) -> np.ndarray:
        """All of them, ``(S, B)``."""
        return np.array([list(one) for one in itertools.combinations(self.x, self.size)])

    def posterior(self, points: np.ndarray, power: float = 1.0) -> tuple[np.ndarray, float]:
        """Mean and variance of c given ``(*S, B)`` points, each as often as ``power`` says."""
        precision = self.tau**-2 + power * points.shape[-1] / self.sigma**2
        return power * points.sum(-1) / self.sigma**2 / precision, 1 / precision

    def log_evidence(self, points: np.ndarray, power: float = 1.0) -> np.ndarray:
        """log of the integral of p(c) times the likelihood to this power, ``(*S)``."""
        mean, variance = self.posterior(points, power)
        count = power * points.shape[-1]
        value: np.ndarray = (
            -0.5 * count * (LOG_2PI + 2 * np.log(self.sigma))
            - 0.5 * power * (points**2).sum(-1) / self.sigma**2
            + 0.5 * mean**2 / variance
            + 0.5 * np.log(variance / self.tau**2)
        )
        return value

    def kl(self, mean: np.ndarray, variance: float) -> np.ndarray:
        """KL(N(mean, variance) || posterior of the whole set)."""
        loc, exact = self.posterior(self.x)
        ratio = variance / exact
        value: np.ndarray = 0.5 * (ratio - 1 - np.log(ratio) + (mean - loc) ** 2 / exact)
        return value

    def reversed_kl(self, mean: np.ndarray, variance: float) -> np.ndarray:
        loc, exact = self.posterior(self.x)
        ratio = exact / variance
        value: np.ndarray = 0.5 * (ratio - 1 - np.log(ratio) + (mean - loc) ** 2 / variance)
        return value


def right(given: Given) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    subsets = given.subsets()
    power = len(given.x) / given.size
    evidence = given.log_evidence(given.x)
    honest = evidence - given.kl(*given.posterior(subsets)).mean()
    return evidence, given.log_evidence(subsets, power).mean(), honest


def _found(given: Given, row: int) -> dict[str, np.ndarray]:
    evidence, inflated, honest = right(given)
    x, power, subsets = given.x, len(given.x) / given.size, given.subsets()
    independent = (
        -0.5 * (LOG_2PI + np.log(given.tau**2 + given.sigma**2))
        - 0.5 * x**2 / (given.tau**2 + given.sigma**2)
    ).sum()
    posterior, powered = given.posterior(subsets), given.posterior(subsets, power)
    logs = given.log_evidence(subsets, power)
    half = 0.5 * len(x) * LOG_2PI
    prior = np.zeros(len(subsets)), given.tau**2
    of_subset = given.log_evidence(subsets).mean()

    def likelihood(points: np.ndarray, mean: np.ndarray, variance: float) -> np.ndarray:
        """Expected log-likelihood of the points, (S)."""
        off = (points - mean[:, None]) ** 2 + variance
        value: np.ndarray = (
            -0.5 * (LOG_2PI + 2 * np.log(given.sigma)) - 0.5 * off / given.sigma**2
        ).sum(-1)
        return value

    mean, variance = posterior
    cost = 0.5 * (
        variance / given.tau**2 - 1 - np.log(variance / given.tau**2) + mean**2 / given.tau**2
    )
    of_posterior = (power * likelihood(subsets, mean, variance) - cost).mean()
    if row == EVIDENCE:
        return {
            "points_independent": np.asarray(independent),
            "constant_lost": evidence + half,
            "seen_twice": inflated,
            "honest_one": honest,
            "for_each_point": evidence / len(x),
        }
    if row == INFLATED:
        top = logs.max()
        return {
            "subset_alone": np.asarray(of_subset),
            "ratio_rounded": given.log_evidence(subsets, len(x) // given.size).mean(),
            "evidence_scaled": np.asarray(power * of_subset),
            "posterior_of_the_subset": np.asarray(of_posterior),
            "evidence_of_the_set": evidence,
            "honest_one": honest,
            "log_of_mean": top + np.log(np.exp(logs - top).mean()),
            "best_subset": np.asarray(logs.max()),
            "constant_lost": inflated + half,
        }
    return {
        "seen_twice": inflated,
        "evidence_of_the_set": evidence,
        "kl_added": 2 * evidence - honest,
        "kl_reversed": evidence - given.reversed_kl(*posterior).mean(),
        "powered_posterior": evidence - given.kl(*powered).mean(),
        "posterior_of_the_subset": np.asarray(of_posterior),
        "subset_alone": np.asarray(of_subset),
        "kl_alone": given.kl(*posterior).mean(),
        "prior_in_place": evidence - given.kl(*prior).mean(),
        "constant_lost": honest + half,
    }


SAYS = {
    "points_independent": "The points are taken to be independent. They share a centre.",
    "constant_lost": "The constants -N/2 log 2 pi are missing.",
    "seen_twice": "This is the objective that scores what q has seen.",
    "honest_one": "This is the bound on the whole set.",
    "for_each_point": "This is divided by the number of points.",
    "subset_alone": "This is the log evidence of a subset, on average. Its points stand for all N.",
    "ratio_rounded": "N / B is rounded down. It need not be a whole number.",
    "evidence_scaled": "The log evidence of the subset is multiplied by N / B, and the KL with it. Only the likelihood is.",
    "posterior_of_the_subset": "This scores the posterior of the subset. Which q climbs highest where every point "
    "counts N / B times?",
    "evidence_of_the_set": "This is the log evidence of the whole set.",
    "log_of_mean": "This is the logarithm of a mean over subsets. The mean of the values is asked.",
    "best_subset": "This is the largest value over subsets. Their mean is asked.",
    "kl_added": "The sign of the KL is turned: a bound lies below.",
    "kl_reversed": "The KL is turned round: the expectation is under q.",
    "powered_posterior": "This q believes that it has seen N points. It is the posterior of B of them.",
    "kl_alone": "This is how much is lost, and not what is left.",
    "prior_in_place": "This is the bound with the prior as q.",
}


def _mistakes(given: Given, row: int) -> list[Mistake]:
    return [Mistake(key, SAYS[key], value) for key, value in _found(given, row).items()]


def _given(
    rng: np.random.Generator, count: int, size: int, ratio: float = 1.0, scale: float = 1.0
) -> Given:
    tau = scale * float(rng.uniform(0.6, 1.6))
    sigma = scale * ratio * float(rng.uniform(0.6, 1.6))
    x = tau * rng.uniform(0.4, 2.0) * rng.choice([-1, 1]) + sigma * rng.normal(size=count)
    return Given(x, tau, sigma, size)


def _usual(rng: np.random.Generator) -> list[Given]:
    return [_given(rng, 6, 2), _given(rng, 7, 3, 0.5), _given(rng, 7, 4, 2.0), _given(rng, 4, 1)]


def _judged(probe: Probe, cases: Sequence[Given], *rows: int) -> Finding:
    finding = Finding(True)
    for given in cases:
        parts, want = unpack(probe.value(*given), 3, NAMES), right(given)
        for row in rows:
            what = f"{TITLES[row]}, N = {len(given.x)}, B = {given.size}"
            mistakes = functools.partial(_mistakes, given, row)
            finding = compare(parts[row], want[row], mistakes, rtol=1e-7, what=what)
            if not finding.ok:
                return finding
    return finding


@EXERCISE.part("The log evidence of the set")
def evidence(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _usual(rng), EVIDENCE)


@EXERCISE.part("What the objective reaches that scores what q has seen", weight=1.5)
def inflated(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _usual(rng), INFLATED)


@EXERCISE.part("What a bound on the whole set leaves to q that saw a subset", weight=1.5)
def honest(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _usual(rng), HONEST)


@EXERCISE.part(
    "Ten points; points that are equal; scales of 0.001 and 30; a set far out",
    weight=0.5,
    needs=["evidence", "inflated", "honest"],
)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    same = _given(rng, 5, 2)
    same = same._replace(x=same.x[[0, 1, 1, 1, 4]])
    far = _given(rng, 5, 3)
    cases = [
        _given(rng, 10, 6),
        same,
        _given(rng, 4, 3, scale=1.7e-3),
        _given(rng, 4, 2, scale=1.1e-3)._replace(tau=0.0011, sigma=0.0012),
        _given(rng, 5, 2, scale=18.0),
        _given(rng, 3, 2, 0.05, 0.05),
        _given(rng, 2, 1, 0.03),
        _given(rng, 4, 2, 18.0),
        far._replace(x=far.x + 30 * far.tau),
    ]
    return _judged(probe, cases, EVIDENCE, INFLATED, HONEST)


@EXERCISE.part(
    "Where the subset is the whole set, the three are one",
    weight=0.5,
    needs=["evidence", "inflated", "honest"],
)
def whole_set(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = [_given(rng, 4, 4), _given(rng, 1, 1)]
    return _judged(probe, cases, EVIDENCE, INFLATED, HONEST)
