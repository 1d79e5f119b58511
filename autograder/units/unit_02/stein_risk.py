"""The risk of James and Stein's estimators, predicted."""

from __future__ import annotations

import numpy as np
import scipy

from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.unit_02.reference import row_of

EXERCISE = exercise(
    __name__,
    title="Stein's risk, predicted",
    function="stein_risk",
    points=3,
    difficulty=5,
    importance=3,
    minutes=45,
    read="Stein's paradox",
    hides=[],
    because="no function of course_vi knows the risk of an estimator",
)

NAMES = ("the risk of shrinking towards zero", "the risk of shrinking towards the grand mean")


def mean_inverse(dim: int, square: np.ndarray) -> np.ndarray:
    """E 1 / chi^2 with ``dim`` degrees of freedom, three or more, and noncentrality ``square``: a Poisson mixture of central ones."""
    flat = []
    for each in np.ravel(square):
        counts = np.arange(int(each / 2 + 12 * np.sqrt(each / 2 + 1) + 60))
        flat.append((scipy.stats.poisson.pmf(counts, each / 2) / (dim - 2 + 2 * counts)).sum())
    return np.array(flat).reshape(np.shape(square))


def _risk(dim: int, free: int, square: np.ndarray, c: float) -> np.ndarray:
    """D + (c^2 - 2 c (free - 2)) E 1/chi^2: ``free`` coordinates are shrunk."""
    value: np.ndarray = dim + (c**2 - 2 * c * (free - 2)) * mean_inverse(free, square)
    return value


def _squares(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """|theta|^2, and that of what is left when the grand mean is taken off."""
    apart = theta - theta.mean(-1, keepdims=True)
    return (theta**2).sum(-1), (apart**2).sum(-1)


def exact(theta: np.ndarray, c: float) -> np.ndarray:
    dim, (whole, apart) = theta.shape[-1], _squares(theta)
    return np.stack([_risk(dim, dim, whole, c), _risk(dim, dim - 1, apart, c)])


def _mistakes(theta: np.ndarray, c: float, row: int) -> list[Mistake]:
    dim, square = theta.shape[-1], _squares(theta)[row]
    free, right = dim - row, exact(theta, c)[row]
    inverse = mean_inverse(free, square)
    found = [
        Mistake(
            "square_not_halved",
            "The Poisson mean is |theta|^2 here. A noncentral chi-square mixes central ones by a Poisson with half of it.",
            _risk(dim, free, 2 * square, c),
        ),
        Mistake(
            "jensen",
            "This takes 1 / E|x|^2 for E[1/|x|^2].",
            dim + (c**2 - 2 * c * (free - 2)) / (free + square),
        ),
        Mistake(
            "jensen_in_count",
            "The count is replaced by its mean, |theta|^2 / 2. Average the inverse over the Poisson counts.",
            dim + (c**2 - 2 * c * (free - 2)) / (free - 2 + square),
        ),
        Mistake(
            "best_c",
            "This is the risk at the best constant, whatever c is. It is to be that at c.",
            _risk(dim, free, square, float(free - 2)),
        ),
        Mistake(
            "square_of_c_lost",
            "The term with c^2 is missing: what is taken off x has a length of its own.",
            dim - 2 * c * (free - 2) * inverse,
        ),
        Mistake(
            "cross_term_once",
            "The cross term comes in once. In a square it comes in twice.",
            dim + (c**2 - c * (free - 2)) * inverse,
        ),
        Mistake(
            "stein_dimension",
            "The cross term has the number of coordinates where two fewer belong: the slope of x/|x|^2 is more than 1/|x|^2 in each "
            "coordinate.",
            dim + (c**2 - 2 * c * free) * inverse,
        ),
        Mistake(
            "per_coordinate",
            "This is the risk per coordinate. The total is asked.",
            right / dim,
        ),
        Mistake(
            "gain",
            "This is what is gained over x itself. The risk is asked.",
            dim - right,
        ),
    ]
    if row == 1:
        found += [
            Mistake(
                "mean_not_free",
                "The grand mean was fitted: D - 1 directions are shrunk, and not D.",
                _risk(dim, dim, square, c),
            ),
            Mistake(
                "mean_costs_nothing",
                "D - 1 directions are shrunk, but the grand mean has a risk too, of one.",
                right - 1,
            ),
            Mistake(
                "around_zero",
                "The noncentrality is |theta|^2. Around the grand mean it is what is left without the mean of theta.",
                _risk(dim, free, _squares(theta)[0], c),
            ),
        ]
    return found


def _judged(probe: Probe, theta: np.ndarray, c: float, *rows: int) -> Finding:
    actual, want, finding = probe.value(theta, c), exact(theta, c), Finding(True)
    for row in rows:
        mistakes = _mistakes(theta, c, row)
        if finding.ok:
            finding = row_of(actual, want, row, mistakes, "the two risks", NAMES, 1e-6)
    return finding


def _theta(
    rng: np.random.Generator, batch: tuple[int, ...], dim: int, low: float, high: float
) -> np.ndarray:
    """Vectors from short to long whose grand mean counts for a part of their length."""
    size = max(int(np.prod(batch)), 1)
    length = rng.permutation(np.geomspace(low, high, size)).reshape(batch)
    if not batch:
        length = np.asarray(np.sqrt(low * high))
    theta = rng.normal(size=(*batch, dim)) + rng.choice([-1, 1], (*batch, 1)) * rng.uniform(
        0.5, 1.0
    )
    theta *= length[..., None] / np.sqrt((theta**2).sum(-1, keepdims=True))
    return np.asarray(theta)


def _row(probe: Probe, rng: np.random.Generator, row: int) -> Finding:
    finding = Finding(True)
    for batch, dim, share in (((4,), 10, 0.6), ((2, 3), 5, 1.4), ((3,), 4, 0.8)):
        theta = _theta(rng, batch, dim, 0.7, 5.0)
        c = float(share * (dim - 2) * rng.uniform(0.9, 1.1))
        finding = _judged(probe, theta, c, row) if finding.ok else finding
    return finding


@EXERCISE.part("Shrinking towards zero by c / |x|^2", weight=1.5)
def towards_zero(probe: Probe, rng: np.random.Generator) -> Finding:
    return _row(probe, rng, 0)


@EXERCISE.part("Shrinking towards the grand mean", weight=1.5)
def towards_the_mean(probe: Probe, rng: np.random.Generator) -> Finding:
    return _row(probe, rng, 1)


@EXERCISE.part("Where theta is zero, where all of it is one constant, and far away")
def near_and_far(probe: Probe, rng: np.random.Generator) -> Finding:
    dim, finding = int(rng.integers(5, 8)), Finding(True)
    theta = _theta(rng, (4,), dim, 10.0, 28.0)
    theta[0], theta[1] = 0.0, rng.uniform(1.0, 2.0) * rng.choice([-1, 1])
    theta[2] *= 0.01
    theta[3] *= 29.9 / np.sqrt((theta[3] ** 2).sum())
    for dim_theta, c in ((theta, 0.5 * dim), (_theta(rng, (3,), 25, 3.0, 20.0), 60.0)):
        finding = _judged(probe, dim_theta, float(c), 0, 1) if finding.ok else finding
    return finding


@EXERCISE.part("One theta, with and without a batch axis", weight=0.5)
def one_theta(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for batch, dim in (((), 6), ((1,), 5)):
        theta = _theta(rng, batch, dim, 1.0, 4.0)
        c = float(rng.uniform(1.0, 4.0))
        finding = _judged(probe, theta, c, 0, 1) if finding.ok else finding
    return finding
