"""S1: the bias of a log estimate, predicted from two moments."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array
from autograder.units.unit_02.reference import row_of

EXERCISE = exercise(
    __name__,
    title="S1: the bias of the log, predicted",
    function="predicted_bias",
    points=4,
    difficulty=4,
    importance=5,
    minutes=45,
    read="section 3, Importance sampling",
    hides=[],
    because="no function of course_vi predicts this bias",
)

NAMES = ("the bias", "the standard deviation", "the number of replicates")


class Moments(NamedTuple):
    """E w and E w^2, ``(*B)`` each, the number K of weights, and t, at which a bias counts as seen."""

    first: np.ndarray
    second: np.ndarray
    num_samples: int
    t: float

    @property
    def rho(self) -> np.ndarray:
        """Var(w) / (E w)^2."""
        value: np.ndarray = self.second / self.first**2 - 1
        return value

    def table(self, rho: np.ndarray | None = None) -> np.ndarray:
        """Bias, standard deviation and replicates, ``(3, *B)``, to leading order."""
        rho = self.rho if rho is None else rho
        bias, deviation = -rho / (2 * self.num_samples), np.sqrt(rho / self.num_samples)
        return np.stack([bias, deviation, (self.t * deviation / bias) ** 2])


def _inputs(rng: np.random.Generator, batch: tuple[int, ...], decades: float = 0.5) -> Moments:
    """Weights in any unit, K of 16 and more, relative variances from .2 to 1."""
    size = max(int(np.prod(batch)), 1)
    rho = rng.permutation(np.linspace(0.22, 0.95, size) + rng.uniform(-0.02, 0.02, size))
    if not batch:
        rho = rng.uniform(0.3, 0.9, 1)
    first = 10.0 ** (decades * rng.uniform(-1, 1, batch))
    samples, t = int(rng.integers(16, 200)), float(rng.uniform(1.5, 6.0))
    return Moments(first, first**2 * (1 + rho.reshape(batch)), samples, t)


def _mistakes(given: Moments, row: int) -> list[Mistake]:
    m1, m2, count, rho = given.first, given.second, given.num_samples, given.rho
    right = given.table()[row]
    wrong_rho = [
        (
            "not_relative",
            "The variance of w is not divided by (E w)^2. Measure the weights in another unit: log of a mean only shifts, and its "
            "bias does not move.",
            m2 - m1**2,
        ),
        (
            "second_moment",
            "This takes E w^2 for the variance of w.",
            m2 / m1**2,
        ),
        (
            "second_moment_absolute",
            "This takes E w^2 for the relative variance of w.",
            m2,
        ),
        (
            "divided_by_mean",
            "The variance is divided by E w once. It takes the square.",
            rho * m1,
        ),
        (
            "log_variance",
            "This is what log(1 + Var w / (E w)^2) gives, the variance of log w for a lognormal weight.",
            np.log1p(rho),
        ),
    ]
    found = [
        Mistake(key, hint, given.table(np.maximum(wrong, 1e-9))[row])
        for key, hint, wrong in wrong_rho
    ]
    if row == 0:
        found += [
            Mistake(
                "half_lost",
                "The half of the second-order term of the logarithm is lost.",
                2 * right,
            ),
            Mistake(
                "sign",
                "The sign is turned. The logarithm is concave: on average the log of a mean lies below the log of what it estimates.",
                -right,
            ),
            Mistake(
                "root_k",
                "This falls with the root of K. That is how the deviation falls; the bias is of second order.",
                right * count**0.5,
            ),
            Mistake(
                "k_lost",
                "This is the bias at K = 1. The variance of a mean of K is K times smaller.",
                right * count,
            ),
            Mistake(
                "k_squared",
                "K is counted twice: the variance of a mean of K falls with K.",
                right / count,
            ),
        ]
    elif row == 1:
        found += [
            Mistake("variance", "This is a variance; a standard deviation is asked.", right**2),
            Mistake(
                "k_lost",
                "This is the deviation of one weight, not of a mean of K.",
                right * count**0.5,
            ),
            Mistake(
                "over_k",
                "This falls with K. A deviation falls with the root of K.",
                right / count**0.5,
            ),
        ]
    else:
        found += [
            Mistake(
                "root_of_replicates", "This is the root of the number of replicates.", right**0.5
            ),
            Mistake(
                "t_not_squared",
                "t enters once here. For twice the t you need four times the replicates.",
                right / given.t,
            ),
            Mistake("t_ignored", "t does not enter here.", right / given.t**2),
            Mistake(
                "typical_t",
                "t is taken to be 4.5 here. It is an argument.",
                right / given.t**2 * 4.5**2,
            ),
            Mistake(
                "half_lost",
                "This is what twice the bias would give: the half of the second-order term is lost.",
                right / 4,
            ),
        ]
    return found


def _judged(probe: Probe, given: Moments, *rows: int) -> Finding:
    actual, finding = probe.value(*given), Finding(True)
    for row in rows:
        if finding.ok:
            mistakes = _mistakes(given, row)
            finding = row_of(actual, given.table(), row, mistakes, "the table", NAMES, 1e-7)
    return finding


def _row(probe: Probe, rng: np.random.Generator, row: int) -> Finding:
    finding = Finding(True)
    for batch in ((5,), (2, 3), (), (1,), (3,)):
        finding = _judged(probe, _inputs(rng, batch), row) if finding.ok else finding
    return finding


@EXERCISE.part("The bias of the log of a mean of K weights", weight=1.5)
def bias(probe: Probe, rng: np.random.Generator) -> Finding:
    return _row(probe, rng, 0)


@EXERCISE.part("Its standard deviation")
def deviation(probe: Probe, rng: np.random.Generator) -> Finding:
    return _row(probe, rng, 1)


@EXERCISE.part("How many replicates show the bias")
def replicates(probe: Probe, rng: np.random.Generator) -> Finding:
    return _row(probe, rng, 2)


@EXERCISE.part("In whatever unit the weights are measured, from 1e-60 to 1e60", weight=0.5)
def any_unit(probe: Probe, rng: np.random.Generator) -> Finding:
    given = _inputs(rng, (4,), 0.0)
    first = 10.0 ** rng.permutation([-60.0, -20.0, 15.0, 60.0]) * rng.uniform(1, 2, 4)
    given = given._replace(first=first, second=first**2 * (1 + given.rho))
    return _judged(probe, given, 0, 1, 2)


def _slopes(given: Moments, factor: float = 1.0) -> np.ndarray:
    """The slopes of the bias in E w and E w^2, ``(2, *B)``."""
    count = 2 * given.num_samples
    return factor * np.stack(
        [2 * given.second / given.first**3 / count, -1 / given.first**2 / count]
    )


@EXERCISE.part("The bias of the gradient: row 1, differentiated in the moments", needs=["bias"])
def gradient(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for batch in ((4,), (2, 2), ()):
        if not finding.ok:
            break
        given = _inputs(rng, batch)
        actual = probe.drive("predicted_bias/slopes", **given._asdict())
        wanted = _slopes(given)
        if (
            isinstance(actual, np.ndarray)
            and actual.shape == wanted.shape
            and not as_array(actual).any()
        ):
            return Finding(
                False,
                "the first row has a graph that leads to both moments",
                "no gradient arrives at them",
                "no_graph",
                "Something between the moments and the result cuts the graph: detach, item, float, NumPy, no_grad, or a tensor that "
                "is made anew.",
            )
        finding = compare(
            actual,
            wanted,
            [
                Mistake("half_lost", "The half of the second-order term is lost.", 2 * wanted),
                Mistake("sign", "The sign is turned.", -wanted),
            ],
            rtol=1e-7,
            what="the slope of the bias in E w, and in E w^2",
        )
    return finding
