"""The thermodynamic curve on the toy, and its slope."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import LOG_2PI, as_array, unpack
from autograder.units.unit_10.reference import judged

EXERCISE = exercise(
    __name__,
    title="The thermodynamic curve",
    function="thermodynamic_curve",
    points=3,
    difficulty=4,
    importance=4,
    minutes=40,
    read="section 2, Other averages of the same weights",
    hides=[],
    because="course_vi estimates this curve from samples, and has no closed form of it",
)

NAMES = "curve, slope"


class Given(NamedTuple):
    """Data and a Gaussian q, ``(*B, D)``, and inverse temperatures, ``(T)``."""

    x: np.ndarray
    loc: np.ndarray
    log_scale: np.ndarray
    betas: np.ndarray


class Path(NamedTuple):
    """A Gaussian for each beta, ``(T, *B, D)``, and log w = a z^2 + b z + c on the way, ``(*B, D)``."""

    mean: np.ndarray
    variance: np.ndarray
    a: np.ndarray
    b: np.ndarray
    c: np.ndarray

    @property
    def curve(self) -> np.ndarray:
        """The mean of log w, coordinate by coordinate."""
        value: np.ndarray = self.a * (self.mean**2 + self.variance) + self.b * self.mean + self.c
        return value

    @property
    def slope(self) -> np.ndarray:
        """The variance of log w, coordinate by coordinate."""
        value: np.ndarray = (
            2 * self.a**2 * self.variance**2
            + (2 * self.a * self.mean + self.b) ** 2 * self.variance
        )
        return value


def path(given: Given) -> Path:
    x, m, log_s, betas = given
    s2 = np.exp(2 * log_s)
    beta = betas.reshape(-1, *(1,) * x.ndim)
    precision = (1 - beta) / s2 + 2 * beta
    mean = ((1 - beta) * m / s2 + beta * x) / precision
    c = -(x**2) / 2 + m**2 / (2 * s2) + log_s - LOG_2PI / 2
    return Path(mean, 1 / precision, -1 + 1 / (2 * s2), x - m / s2, c)


def _interpolated(given: Given, of: Path) -> Path:
    """Moments on a straight line from q's to the posterior's."""
    x, m, log_s, betas = given
    beta = betas.reshape(-1, *(1,) * x.ndim)
    return of._replace(
        mean=(1 - beta) * m + beta * x / 2,
        variance=(1 - beta) * np.exp(2 * log_s) + beta / 2,
    )


def _paths(given: Given) -> list[tuple[str, str, Path]]:
    """Other paths that people take."""
    of = path(given)
    turned = path(given._replace(betas=1 - given.betas))
    as_variance = path(given._replace(log_scale=given.log_scale / 2))
    x, m, log_s, betas = given
    beta = betas.reshape(-1, *(1,) * x.ndim)
    prior_kept = (1 - beta) / np.exp(2 * log_s) + beta
    without_prior = of._replace(
        mean=((1 - beta) * m / np.exp(2 * log_s) + beta * x) / prior_kept, variance=1 / prior_kept
    )
    return [
        (
            "interpolated",
            "Means and variances go in a straight line from those of q to those of the posterior. The path multiplies densities, "
            "so it is precisions that add.",
            _interpolated(given, of),
        ),
        (
            "turned",
            "The path runs the other way: at beta = 0 it is to be q, at beta = 1 the posterior.",
            of._replace(mean=turned.mean, variance=turned.variance),
        ),
        (
            "under_q",
            "The averages are under q, whatever beta is.",
            of._replace(mean=of.mean * 0 + m, variance=of.variance * 0 + np.exp(2 * log_s)),
        ),
        (
            "log_scale_as_variance",
            "exp(log_scale) is used as a variance. It is the standard deviation.",
            as_variance,
        ),
        (
            "one_factor",
            "The joint density has two factors, and both bend the path: the posterior has precision two.",
            without_prior,
        ),
        (
            "mean_alone",
            "The spread of z is forgotten in the average of its square.",
            of._replace(variance=of.variance * 0),
        ),
    ]


def _mistakes(given: Given, row: int) -> list[Mistake]:
    of, constants = path(given), given.x.shape[-1]
    found = [
        Mistake(key, hint, (other.slope if row else other.curve).sum(-1))
        for key, hint, other in _paths(given)
    ]
    if row:
        slope = of.slope.sum(-1)
        linear = ((2 * of.a * of.mean + of.b) ** 2 * of.variance).sum(-1)
        square = (of.curve**2 + of.slope).sum(-1)
        one = (2 * of.a**2 * of.variance**2).sum(-1)
        return [
            *found,
            Mistake(
                "not_summed",
                "One number for each coordinate came. The slopes of independent coordinates add.",
                of.slope,
            ),
            Mistake(
                "curvature_lost",
                "This is the variance to first order: the slope of log w at the mean of z, squared, times the variance of z. log w "
                "is quadratic in z, and that term varies, too.",
                linear,
            ),
            Mistake("tilt_lost", "Only the variance of the quadratic term is there.", one),
            Mistake(
                "half_lost",
                "The variance of the square of a standard normal is 2, not 1 or 3.",
                linear + one / 2,
            ),
            Mistake(
                "half_lost",
                "The variance of the square of a standard normal is 2, not 1 or 3.",
                linear + 1.5 * one,
            ),
            Mistake("second_moment", "This is the mean square of log w, not its variance.", square),
            Mistake(
                "deviation", "This is a standard deviation: the slope is its square.", slope**0.5
            ),
        ]
    curve = of.curve.sum(-1)
    return [
        *found,
        Mistake(
            "not_summed",
            "One number for each coordinate came. Log weights of independent coordinates add.",
            of.curve,
        ),
        Mistake(
            "constant",
            "A constant is off: log w has -log(2 pi) / 2 for each coordinate, two densities less one.",
            curve + constants * LOG_2PI / 2,
        ),
        Mistake(
            "constant",
            "A constant is off: log w has -log(2 pi) / 2 for each coordinate, two densities less one.",
            curve - constants * LOG_2PI / 2,
        ),
        Mistake(
            "q_lost",
            "This is the mean of log p(x, z) alone. The weight has q below the bar.",
            curve - _mean_q(given, of),
        ),
    ]


def _mean_q(given: Given, of: Path) -> np.ndarray:
    """The mean of -log q along the path, ``(T, *B)``."""
    s2 = np.exp(2 * given.log_scale)
    off = (of.mean - given.loc) ** 2 + of.variance
    value: np.ndarray = (off / (2 * s2) + given.log_scale + LOG_2PI / 2).sum(-1)
    return value


def _curve_mistakes(given: Given) -> list[Mistake]:
    return _mistakes(given, 0)


def _slope_mistakes(given: Given) -> list[Mistake]:
    return _mistakes(given, 1)


def _given(
    rng: np.random.Generator, batch: tuple[int, ...], dim: int, count: int, far: float = 1.0
) -> Given:
    """Narrow and wide q, means on either side of the posterior's; the ends of the path among the betas."""
    shape = (*batch, dim)
    log_scale = rng.uniform(-1.0, 0.6, shape)
    if batch and batch[0] > 2:
        log_scale[0], log_scale[-1] = rng.uniform(-5.0, -4.0, dim), rng.uniform(1.5, 2.5, dim)
    betas = rng.permutation(np.concatenate([[0.0, 1.0], rng.uniform(0.02, 0.98, count)]))[:count]
    x = far * rng.normal(size=shape)
    return Given(
        x, x / 2 + rng.uniform(0.4, 1.5, shape) * rng.choice([-1, 1], shape), log_scale, betas
    )


def _judged(probe: Probe, given: Given, row: int) -> Finding:
    actual = unpack(probe.value(*given), 2, NAMES)[row]
    of = path(given)
    right = (of.slope if row else of.curve).sum(-1)
    what = f"the {('curve', 'slope')[row]} at {len(given.betas)} places, x of shape {given.x.shape}"
    return judged(actual, right, (_curve_mistakes, _slope_mistakes)[row], given, what)


def _row(probe: Probe, rng: np.random.Generator, row: int) -> Finding:
    finding = Finding(True)
    for batch, dim, count in (((4,), 3, 5), ((3,), 1, 4), ((), 2, 6), ((1,), 4, 3), ((2, 3), 2, 2)):
        if finding.ok:
            finding = _judged(probe, _given(rng, batch, dim, count), row)
    return finding


@EXERCISE.part("The curve", weight=1.5)
def curve(probe: Probe, rng: np.random.Generator) -> Finding:
    return _row(probe, rng, 0)


@EXERCISE.part("Its slope", weight=1.5)
def slope(probe: Probe, rng: np.random.Generator) -> Finding:
    return _row(probe, rng, 1)


@EXERCISE.part(
    "One place and many, as many as data or coordinates; at both ends; x far out; q at the posterior",
    weight=0.5,
)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    ends = _given(rng, (3,), 2, 4)._replace(betas=np.array([0.0, 1.0]))
    there = _given(rng, (3,), 2, 4)
    there = there._replace(loc=there.x / 2, log_scale=np.full((3, 2), -0.5 * np.log(2)))
    one = _given(rng, (3,), 2, 4)
    cases = [
        ends,
        ends._replace(betas=np.array([float(rng.uniform(0.2, 0.8))])),
        _given(rng, (3,), 3, 3),
        one._replace(betas=np.linspace(0, 1, 101)),
        _given(rng, (3,), 2, 4, far=60.0),
        there,
    ]
    finding = Finding(True)
    for given in cases:
        for row in (0, 1):
            finding = _judged(probe, given, row) if finding.ok else finding
    return finding


@EXERCISE.part(
    "By your curve, its integral is the log evidence",
    weight=0.5,
    needs=["curve"],
)
def integral(probe: Probe, rng: np.random.Generator) -> Finding:
    """By Gauss and Legendre's rule."""
    given = _given(rng, (2,), 2, 4)
    nodes, weights = np.polynomial.legendre.leggauss(24)
    given = given._replace(betas=(nodes + 1) / 2, log_scale=rng.uniform(-0.6, 0.3, (2, 2)))
    rows = as_array(unpack(probe.value(*given), 2, NAMES)[0])
    evidence = (-(given.x**2) / 4 - np.log(4 * np.pi) / 2).sum(-1)
    if rows.shape != (24, 2):
        return _judged(probe, given, 0)
    return judged(weights @ rows / 2, evidence, lambda given: [], given, "the integral over beta")
