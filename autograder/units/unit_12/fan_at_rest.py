"""S: where wake-sleep rests on the fan, where the ELBO does, and what the likelihood says there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array

EXERCISE = exercise(
    __name__,
    title="S: where wake-sleep rests",
    function="fan_at_rest",
    points=4,
    difficulty=5,
    importance=5,
    minutes=50,
    read="section 5, Where wake-sleep rests",
    hides=[],
    because="course_vi runs wake-sleep and the ELBO, and does not know where they rest",
)

SLEPT, CLIMBED = 0, 1
ROWS = ("wake-sleep", "the ELBO")


class Place(NamedTuple):
    """A fan of ``dim`` latents, and the variance of the data."""

    lam: float
    dim: int


def from_variance(place: Place, u: float, v: float) -> np.ndarray:
    """(u, v, slope of the mean log p in theta)."""
    theta = np.sqrt(max(u - 1, 0.0) / place.dim)
    return np.array([u, v, theta * place.dim * (place.lam - u) / u**2])


def right(place: Place) -> np.ndarray:
    """The table, ``(2, 3)``: in both rows v u^2 = lam, with v a marginal variance of the posterior above and 1 / Lambda_ii below."""
    lam, d = place
    if lam <= 1:
        return np.array([[1.0, 1.0, 0.0]] * 2)
    pairs = 4 * d * (d - 1)
    slept = 2 * d * lam / (1 + np.sqrt(1 + pairs * lam))
    climbed = (lam + np.sqrt(lam**2 + pairs * lam)) / (2 * d)
    return np.stack([from_variance(place, u, lam / u**2) for u in (slept, climbed)])


def _mistakes(places: Sequence[Place], row: int) -> list[Mistake]:
    """The first two columns of a row, place by place, as usual mistakes give them."""

    def each(of: Callable[[Place], Sequence[float] | np.ndarray]) -> np.ndarray:
        return np.array([np.asarray(of(place))[:2] for place in places])

    def of_theta(place: Place) -> list[float]:
        u, v, _ = right(place)[row]
        return [np.sqrt((u - 1) / place.dim), v]

    def likeliest(place: Place) -> list[float]:
        share = (place.lam - 1) / place.dim
        return [place.lam, 1 - share / place.lam if row == SLEPT else 1 / (1 + share)]

    def of_all(place: Place) -> list[float]:
        """v of the sum of the latents, not of one of them."""
        u, v, _ = right(place)[row]
        return [u, v * place.dim]

    def other_variance(place: Place) -> list[float]:
        """The right u, beside the v that the other algorithm would give at it."""
        u = right(place)[row][0]
        share = (u - 1) / place.dim
        return [u, 1 / (1 + share) if row == SLEPT else 1 - share / u]

    return [
        Mistake(
            "one_for_both",
            f"This is where {ROWS[1 - row]} rests. The two ask q for different variances: which does a factorized q take asleep, and "
            "which does it take when it climbs the ELBO?",
            each(lambda place: right(place)[1 - row]),
        ),
        Mistake(
            "maximum_likelihood",
            "This is maximum likelihood: the model's variance is that of the data. It would be the place of rest if q could be the "
            "posterior.",
            each(likeliest),
        ),
        Mistake(
            "theta_for_u",
            "This is theta. The first column is u, the variance that the model gives to x.",
            each(of_theta),
        ),
        Mistake(
            "scale_for_variance",
            "The second column is the standard deviation of q; its variance is asked.",
            each(lambda place: [right(place)[row][0], right(place)[row][1] ** 0.5]),
        ),
        Mistake(
            "variance_of_the_sum",
            "The second column is the variance of the sum of the latents under q. That of one latent is asked.",
            each(of_all),
        ),
        Mistake(
            "other_variance",
            f"u is right, and beside it stands the variance that {ROWS[1 - row]} would give to q at that u.",
            each(other_variance),
        ),
    ]


def _places(rng: np.random.Generator) -> list[Place]:
    """Two to six latents, fresh; then many of them; variances of the data from just above one to far above."""
    dims = [int(d) for d in rng.permutation([2, 3, 4, 5, 6])]
    lams = np.exp(
        rng.permutation(np.linspace(np.log(1.5), np.log(50.0), 5)) + rng.uniform(0, 0.15, 5)
    )
    places = [Place(float(lam), d) for lam, d in zip(lams, dims, strict=True)]
    return [
        *places,
        Place(float(rng.uniform(1.1, 1.3)), int(rng.integers(2, 7))),
        Place(float(rng.uniform(3.0, 9.0)), int(rng.integers(20, 60))),
        Place(float(rng.uniform(15.0, 55.0)), int(rng.integers(150, 301))),
    ]


def _tables(probe: Probe, places: Sequence[Place]) -> np.ndarray | Finding:
    """The answers, ``(P, 2, 3)``, or what is wrong with the form of one."""
    tables = []
    for place in places:
        actual = probe.value(place.lam, place.dim)
        table = as_array(actual)
        if table.shape != (2, 3):
            turned = [
                Mistake(
                    "transposed",
                    "The table is transposed: rows are the two algorithms, columns u, v and the slope.",
                    right(place).T,
                )
            ]
            return compare(actual, right(place), turned, what="the table")
        tables.append(table)
    return np.stack(tables)


def _judged(probe: Probe, places: Sequence[Place], row: int) -> Finding:
    tables = _tables(probe, places)
    if isinstance(tables, Finding):
        return tables
    want = np.stack([right(place)[row, :2] for place in places])
    what = f"(u, v) where {ROWS[row]} rests, at (lam, dim) = {_said(places)}"
    return compare(tables[:, row, :2], want, _mistakes(places, row), what=what)


def _said(places: Sequence[Place]) -> str:
    return ", ".join(f"({place.lam:.3g}, {place.dim})" for place in places)


@EXERCISE.part("Where wake-sleep rests", weight=1.5)
def slept(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _places(rng), SLEPT)


@EXERCISE.part("Where the ELBO is highest", weight=1.5)
def climbed(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _places(rng), CLIMBED)


@EXERCISE.part("The slope of the likelihood at both")
def slopes(probe: Probe, rng: np.random.Generator) -> Finding:
    places = _places(rng)
    tables = _tables(probe, places)
    if isinstance(tables, Finding):
        return tables
    want = np.stack([right(place)[:, 2] for place in places])
    u = np.stack([right(place)[:, 0] for place in places])
    lam, dim = np.array(places).T[:, :, None]
    theta = np.sqrt((u - 1) / dim)
    zero = (
        ("maximum_likelihood", "The slope vanishes where u is lam, at maximum likelihood. Neither algorithm rests there.", 0 * u)
        if np.allclose(tables[:, :, 0], lam, rtol=1e-3)
        else ("at_rest_by_definition", "At rest, a slope vanishes: that of what is climbed. Asked is the slope of log p(x).", 0 * u)
    )  # fmt: skip
    known = [
        ("slope_in_u", "This is the slope in u. In theta it has the factor du / d theta.",
         (lam - u) / (2 * u**2)),
        ("slope_in_square", "This is the slope in theta squared. The chain rule puts 2 theta between the two.",
         dim * (lam - u) / (2 * u**2)),
        zero,
        ("no_data_term", "The term with the data is missing: log N(x; 0, u) has one with x squared, whose mean is lam.",
         -theta * dim / u),
        ("rows_swapped", "The two slopes are exchanged.", want[:, ::-1]),
        ("dim_lost", "A factor dim is lost: u grows with every latent.", want / dim),
    ]  # fmt: skip
    return compare(
        tables[:, :, 2],
        want,
        [Mistake(key, hint, value) for key, hint, value in known],
        what="the slope of the mean log p(x) in theta",
    )


@EXERCISE.part(
    "One latent, where q can be the posterior; data too quiet for any latent",
    weight=0.5,
    needs=["slept", "climbed", "slopes"],
)
def one_latent_and_quiet_data(probe: Probe, rng: np.random.Generator) -> Finding:
    alone = [Place(float(lam), 1) for lam in rng.uniform([1.5, 8.0], [5.0, 50.0])]
    quiet = [Place(float(rng.uniform(0.1, 0.9)), d) for d in (1, int(rng.integers(2, 7)), 100)]
    for places in (alone, quiet):
        tables = _tables(probe, places)
        if isinstance(tables, Finding):
            return tables
        want = np.stack([right(place) for place in places])
        theta = np.sqrt(np.maximum(want[..., 0] - 1, 0))
        known = [
            Mistake(
                "negative_square",
                "Here theta squared would be negative. It cannot be: theta = 0 is the only place of rest when the data vary less than "
                "the noise.",
                np.stack([_uncut(place) for place in places]),
            ),
            Mistake("theta_for_u", "This is theta, not u.", np.stack([theta, *np.moveaxis(want, -1, 0)[1:]], -1)),
        ]  # fmt: skip
        finding = compare(
            tables, want, known, atol=1e-6, what=f"the table at (lam, dim) = {_said(places)}"
        )
        if not finding.ok:
            return finding
    return finding


def _uncut(place: Place) -> np.ndarray:
    """The table as both equations give it, with no regard to the sign of theta squared."""
    lam, d = place
    pairs = 4 * d * (d - 1)
    us = (
        2 * d * lam / (1 + np.sqrt(1 + pairs * lam)),
        (lam + np.sqrt(lam**2 + pairs * lam)) / (2 * d),
    )
    return np.stack([from_variance(place, u, lam / u**2) for u in us])
