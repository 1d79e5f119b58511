"""The slope in theta on the fan: of log p, of the ELBO at the best factorized q, and after sweeps of a chain that begins there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.unit_18.reference import judged

__all__ = ["EXERCISE", "Given", "right", "spread_after"]

EXERCISE = exercise(
    __name__,
    title="What the ELBO's gradient lacks",
    function="fan_slopes",
    points=4,
    difficulty=4,
    importance=5,
    minutes=45,
    read="section 1, What the ELBO's gradient lacks",
    hides=[],
    because="course_vi has samplers and bounds, and no slope of the fan in closed form",
)

NAMES = "exact, elbo, chain"
EXACT, BOUND, CHAIN = 0, 1, 2
SAID = ("the slope of log p(x)", "the slope of the ELBO", "the mean slope after the sweeps")


class Given(NamedTuple):
    """theta, data ``(*B)``, the number of latents and of sweeps."""

    theta: float
    x: np.ndarray
    dim: int
    sweeps: int


def _precision(given: Given) -> np.ndarray:
    found: np.ndarray = np.eye(given.dim) + given.theta**2
    return found


def _carried(given: Given, order: str = "forward") -> np.ndarray:
    """A: how far z is from its posterior mean after a sweep, in the mean, is A times how far it was. ``(d, d)``."""
    precision = _precision(given)
    if order == "at once":
        found: np.ndarray = np.eye(given.dim) - precision / np.diagonal(precision)[:, None]
        return found
    lower = np.tril(precision)
    found = -np.linalg.solve(lower, precision - lower)
    return found


def _variances(given: Given) -> tuple[float, float]:
    """Var(sum z), under the posterior and under the best factorized q."""
    theta, _, dim, _ = given
    return dim / (1 + dim * theta**2), dim / (1 + theta**2)


def spread_after(given: Given, order: str = "forward", sweeps: int | None = None) -> float:
    """Var(sum z) after so many sweeps that began at q."""
    precision, power = (
        _precision(given),
        np.linalg.matrix_power(_carried(given, order), given.sweeps if sweeps is None else sweeps),
    )
    posterior = np.linalg.inv(precision)
    begun = np.diag(1 / np.diagonal(precision)) - posterior
    found: np.ndarray = power @ begun @ power.T
    return float(posterior.sum() + found.sum())


def _slope(given: Given, variance: float) -> np.ndarray:
    """E z_sum (x - theta z_sum), with the right mean of the sum and this variance: ``(*B)``."""
    theta, x, dim, _ = given
    mean = dim * theta * np.asarray(x, dtype=float) / (1 + dim * theta**2)
    value: np.ndarray = mean * x - theta * (mean**2 + variance)
    return value


def right(given: Given) -> list[np.ndarray]:
    exact, factorized = _variances(given)
    return [_slope(given, each) for each in (exact, factorized, spread_after(given))]


def _mistakes(given: Given, row: int) -> list[Mistake]:
    theta, x, dim, sweeps = given
    x = np.asarray(x, dtype=float)
    rows, u = right(given), 1 + dim * theta**2
    _, factorized = _variances(given)
    known: list[tuple[str, str, Callable[[], np.ndarray] | np.ndarray]] = [
        ("another_row", f"This is {SAID[other]}.", rows[other])
        for other in range(3)
        if other != row
    ]
    known += [
        (
            "slope_in_u",
            "This is the slope in u = 1 + d theta^2. In theta it has the factor du / d theta.",
            rows[row] / (2 * dim * theta),
        ),
        ("x_unsquared", "The data enter by x squared.", rows[row] - _slope(given, 0.0) + _slope(given._replace(x=np.sqrt(np.abs(x))), 0.0)),
    ]  # fmt: skip
    if row == EXACT:
        known += [
            ("no_normalizer", "The normalizer of N(x; 0, u) depends on theta, too.", dim * theta * x**2 / u**2),
            ("one_latent", "There are d latents: u is 1 + d theta^2.", _slope(given._replace(dim=1), 1 / (1 + theta**2))),
        ]  # fmt: skip
    if row == BOUND:
        known += [
            (
                "marginal_variances",
                "This q has the marginal variances of the posterior. Best for the ELBO are one over the diagonal of its precision.",
                _slope(given, dim * (1 - theta**2 / u)),
            ),
            (
                "prior_variances",
                "This q has the variances of the prior.",
                _slope(given, float(dim)),
            ),
            ("point", "Here q has no spread at all.", _slope(given, 0.0)),
            ("sign_of_the_bias", "The bias has the wrong sign.", 2 * rows[EXACT] - rows[BOUND]),
            (
                "one_of_the_sum",
                "The variance of the sum of the latents is d times that of one.",
                _slope(given, factorized / dim),
            ),
        ]
    if row == CHAIN:
        known += [
            (
                "all_at_once",
                "Here all latents of a sweep are drawn given the *old* others. Those before a latent have new values already.",
                _slope(given, _all_at_once(given)),
            ),
            (
                "updates_for_sweeps",
                "These are single updates; a sweep updates every latent once.",
                _slope(given, _by_updates(given)),
            ),
            ("one_sweep_less", "This is after one sweep less.", _slope(given, spread_after(given, sweeps=max(sweeps - 1, 0)))),
            ("one_sweep_more", "This is after one sweep more.", _slope(given, spread_after(given, sweeps=sweeps + 1))),
            (
                "fades_once",
                "What is wrong with a covariance fades with the square of what is wrong with a mean: A stands on both sides of it.",
                _slope(given, _faded(given)),
            ),
        ]  # fmt: skip
    return [Mistake(key, hint, value) for key, hint, value in known]


def _all_at_once(given: Given) -> float:
    """Var(sum z) after sweeps in which all latents are drawn at once, each given the old others."""
    carried, own = _carried(given, "at once"), np.diag(1 / np.diagonal(_precision(given)))
    now = own
    for _ in range(given.sweeps):
        now = carried @ now @ carried.T + own
    return float(now.sum())


def _faded(given: Given) -> float:
    power = np.linalg.matrix_power(_carried(given), given.sweeps)
    precision = _precision(given)
    posterior = np.linalg.inv(precision)
    begun = np.diag(1 / np.diagonal(precision)) - posterior
    return float(posterior.sum() + (power @ begun).sum())


def _by_updates(given: Given) -> float:
    """Var(sum z) after ``sweeps`` single updates, of the first latents in turn."""
    precision = _precision(given)
    posterior = np.linalg.inv(precision)
    off = np.diag(1 / np.diagonal(precision)) - posterior
    for count in range(given.sweeps):
        i = count % given.dim
        one = np.eye(given.dim)
        one[i] -= precision[i] / precision[i, i]
        off = one @ off @ one.T
    return float((posterior + off).sum())


def _judge(probe: Probe, cases: Sequence[Given], *rows: int) -> Finding:
    def place(given: Given) -> str:
        return f"at theta = {given.theta:.4g}, d = {given.dim}, {given.sweeps} sweeps"

    return judged(probe, cases, rows, right, NAMES, _mistakes, SAID, place)


def _given(
    rng: np.random.Generator,
    dim: int,
    sweeps: int,
    sign: int = 1,
    batch: tuple[int, ...] = (4,),
    low: float = 0.5,
    high: float = 1.6,
) -> Given:
    x = rng.uniform(0.5, 4.0, batch) * rng.choice([-1, 1], batch)
    return Given(float(sign * rng.uniform(low, high)), x, dim, sweeps)


def _cases(rng: np.random.Generator) -> list[Given]:
    sign = int(rng.choice([-1, 1]))
    return [
        _given(rng, 2, 1, sign),
        _given(rng, 3, 2, -sign),
        _given(rng, 5, 3, sign),
        _given(rng, 4, 5, -sign, low=1.5, high=3.0),
    ]


@EXERCISE.part("Of log p(x)", weight=0.5)
def of_the_likelihood(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judge(probe, _cases(rng), EXACT)


@EXERCISE.part("Of the ELBO, at the best factorized q", weight=1.5)
def of_the_bound(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judge(probe, _cases(rng), BOUND)


@EXERCISE.part("After some sweeps", weight=1.5)
def after_sweeps(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judge(probe, _cases(rng), CHAIN)


@EXERCISE.part(
    "One latent, no sweep, many; theta of either sign, tiny, large or zero; one datum, data at zero, tables",
    weight=0.5,
)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    zero = _given(rng, 3, 2)
    cases = [
        _given(rng, 1, 2),
        _given(rng, 4, 0, -1),
        _given(rng, 2, 30, -1),
        _given(rng, 12, 4),
        _given(rng, 3, 2, batch=(), low=0.01, high=0.03),
        _given(rng, 3, 40, -1, (2, 3), 8.0, 12.0),
        zero._replace(theta=0.0),
        zero._replace(x=np.zeros(1)),
    ]
    return _judge(probe, cases, EXACT, BOUND, CHAIN)
