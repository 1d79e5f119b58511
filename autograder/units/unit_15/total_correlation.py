"""Total correlation by a density ratio that is learned, beside the exact one of a Gaussian."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import unpack
from autograder.units.unit_15.reference import covariance, with_moments

EXERCISE = exercise(
    __name__,
    title="Total correlation, by a net that was trained",
    function="total_correlations",
    points=3,
    difficulty=4,
    importance=4,
    minutes=40,
    read="section 5, FactorVAE, and its density ratio",
    hides=["learning.factor_vae:ratio_loss", "learning.factor_vae:total_correlation"],
)

EXACT, OWN, FRESH = range(3)
TITLES = (
    "the exact total correlation",
    "the estimate on its own rows",
    "the estimate on fresh rows",
)


class Given(NamedTuple):
    """Rows to train on, ``joint: (N, D)`` and ``product: (M, D)``; other rows, ``fresh: (L, D)``; the covariance ``(D, D)``."""

    joint: np.ndarray
    product: np.ndarray
    fresh: np.ndarray
    covariance: np.ndarray


def exact(matrix: np.ndarray) -> float:
    return float(0.5 * (np.log(np.diagonal(matrix)).sum() - np.linalg.slogdet(matrix)[1]))


def squares(z: np.ndarray) -> np.ndarray:
    """1, z, and all products of two coordinates: ``(N, F)``."""
    rows, columns = np.triu_indices(z.shape[1])
    return np.concatenate([np.ones((len(z), 1)), z, z[:, rows] * z[:, columns]], 1)


def crossed(z: np.ndarray) -> np.ndarray:
    """The same without the squares of single coordinates."""
    rows, columns = np.triu_indices(z.shape[1], 1)
    return np.concatenate([np.ones((len(z), 1)), z, z[:, rows] * z[:, columns]], 1)


def pure(z: np.ndarray) -> np.ndarray:
    """Only products of two coordinates, and the constant."""
    rows, columns = np.triu_indices(z.shape[1])
    return np.concatenate([np.ones((len(z), 1)), z[:, rows] * z[:, columns]], 1)


def no_constant(z: np.ndarray) -> np.ndarray:
    return squares(z)[:, 1:]


Features = Callable[[np.ndarray], np.ndarray]


def fitted(
    given: Given, features: Features = squares, pooled: bool = False, ridge: float = 0.0
) -> np.ndarray | None:
    """The coefficients of the least logistic loss, by Newton's method with halved steps; None where there is no least.

    Args:
        pooled: every row counts the same, in place of each half.
        ridge: half of this times the squared length is added to the loss.
    """
    a, b = features(given.joint), features(given.product)
    scale = np.abs(np.concatenate([a, b])).max(0)
    rows = np.concatenate([a, -b]) / scale
    each = np.concatenate([np.full(len(a), 0.5 / len(a)), np.full(len(b), 0.5 / len(b))])
    if pooled:
        each = np.full(len(rows), 1 / len(rows))

    def loss(at: np.ndarray) -> float:
        return float(each @ np.logaddexp(0, -rows @ at) + 0.5 * ridge * ((at / scale) ** 2).sum())

    theta = np.zeros(rows.shape[1])
    for _ in range(60):
        chance = 0.5 * (1 - np.tanh(0.5 * (rows @ theta)))
        slope = -(each * chance) @ rows + ridge * theta / scale**2
        bend = (rows * (each * chance * (1 - chance))[:, None]).T @ rows
        bend[np.diag_indices(len(bend))] += ridge / scale**2
        try:
            step = np.linalg.solve(bend, slope)
        except np.linalg.LinAlgError:
            return None
        if not np.isfinite(step).all() or np.abs(theta).max() > 1e4:
            return None
        if slope @ step < 1e-15:  # half the digits: the step that is left doubles them
            return np.asarray((theta - step) / scale)
        size, before = 1.0, loss(theta)
        while loss(theta - size * step) > before and size > 1e-8:
            size /= 2
        theta = theta - size * step
    return None


def right(given: Given) -> np.ndarray:
    theta = fitted(given)
    if theta is None:
        return np.full(3, np.nan)
    own, fresh = (squares(z) @ theta for z in (given.joint, given.fresh))
    return np.array([exact(given.covariance), own.mean(), fresh.mean()])


def _given(
    rng: np.random.Generator, dim: int, rows: int, strength: float = 1.0, size: float = 1.0
) -> Given:
    """Correlated rows, whose estimates are apart from each other, from the exact value and from what usual mistakes give."""
    while True:
        matrix = covariance(rng, np.exp(strength * rng.uniform(-1, 1, dim)))
        scales = np.exp(rng.uniform(-0.7, 0.7, dim)) * size
        matrix = matrix * scales[:, None] * scales
        if not 0.05 < exact(matrix) < 1.0:
            continue
        sizes = int(rows * rng.uniform(0.9, 1.1)), int(rows * rng.uniform(1.4, 1.8)), rows // 2
        joint, fresh = (
            with_moments(rng, 2 * count, matrix)[:count] for count in (sizes[0], sizes[2])
        )
        product = np.stack(
            [with_moments(rng, 2 * sizes[1], matrix)[: sizes[1], d] for d in range(dim)], 1
        )
        shift = rng.uniform(-1, 1, dim) * scales
        given = Given(joint + shift, product + shift, fresh + shift, matrix)
        want = right(given)
        if np.isfinite(want).all() and np.abs(np.diff(np.sort(want))).min() > 0.004:
            return given


def _mistakes(cases: Sequence[Given], column: int) -> list[Mistake]:
    def each(of: Callable[[Given], Any]) -> np.ndarray:
        return np.array([of(given) for given in cases], dtype=float)

    def mean(given: Given, rows: np.ndarray, **options: Any) -> float:
        theta = fitted(given, **options)
        features = options.get("features", squares)
        return float("nan") if theta is None else float((features(rows) @ theta).mean())

    want = each(lambda given: right(given)[column])
    swapped = [
        Mistake(
            "order_swapped",
            f"This is {TITLES[other]}: return them in the order of the docstring.",
            np.array([right(given)[other] for given in cases]),
        )
        for other in range(3)
        if other != column
    ]
    if column == EXACT:

        def pairs(given: Given) -> float:
            scale = np.sqrt(np.diagonal(given.covariance))
            rho = given.covariance / scale[:, None] / scale
            return float(-0.5 * np.log1p(-(rho[np.triu_indices(len(rho), 1)] ** 2)).sum())

        known = [
            ("covariance_for_correlation", "This depends on scales. Total correlation does not change when a latent is stretched.",
             each(lambda g: -0.5 * np.linalg.slogdet(g.covariance)[1])),
            ("pairs_alone", "This adds up the mutual informations of pairs. What three latents share is not that sum.", each(pairs)),
            ("half_lost", "Twice too large: there is a half in front of a Gaussian's logarithm.", 2 * want),
            ("bits", "These are bits. Nats are asked.", want / np.log(2)),
            ("sign", "A divergence is positive.", -want),
        ]  # fmt: skip
        return [*[Mistake(*one) for one in known], *swapped]

    def place(given: Given) -> np.ndarray:
        return given.joint if column == OWN else given.fresh

    known = [
        ("each_row_the_same", "Every row counts the same here. Each *half* of the loss is a mean, and there are more shuffled rows.",
         each(lambda g: mean(g, place(g), pooled=True))),
        ("squares_missing", "Your d has products of different latents and no squares. Asked is every polynomial of degree two.",
         each(lambda g: mean(g, place(g), features=crossed))),
        ("linear_missing", "Your d has no linear terms.", each(lambda g: mean(g, place(g), features=pure))),
        ("constant_missing", "Your d has no constant.", each(lambda g: mean(g, place(g), features=no_constant))),
        ("sign", "The sign is turned: which of the two kinds of rows should d be large for?", -want),
        ("shuffled_rows", "This averages d over the shuffled rows. The divergence is an average over the joint distribution.",
         each(lambda g: mean(g, g.product))),
        ("other_divergence", "This is the divergence the other way round, minus the mean of d over shuffled rows.",
         each(lambda g: -mean(g, g.product))),
        ("probability", "This averages the probability that a row is no shuffled one. d itself is asked.",
         each(lambda g: _sigmoid_mean(g, place(g)))),
        ("bits", "These are bits. Nats are asked.", want / np.log(2)),
    ]  # fmt: skip
    return [*[Mistake(*one) for one in known], *swapped]


def _sigmoid_mean(given: Given, rows: np.ndarray) -> float:
    theta = fitted(given)
    if theta is None:
        return float("nan")
    return float((0.5 * (1 + np.tanh(0.5 * squares(rows) @ theta))).mean())


def _judged(probe: Probe, cases: Sequence[Given], columns: Sequence[int]) -> Finding:
    replies = []
    for given in cases:
        reply = unpack(probe.value(*given), 3, "exact, on its own rows, on fresh rows")
        want = right(given)
        for column in columns:
            if isinstance(reply[column], dict) or np.shape(reply[column]) != ():
                return compare(reply[column], want[column], what=TITLES[column])
        replies.append(reply)
    finding = Finding(True)
    for column in columns:
        if finding.ok:
            finding = compare(
                np.array([float(reply[column]) for reply in replies]),
                np.array([right(given)[column] for given in cases]),
                _mistakes(cases, column),
                atol=1e-6,
                what=f"{TITLES[column]}, of {' and '.join(str(g.joint.shape[1]) for g in cases)} latents",
            )
    return finding


@EXERCISE.part("The exact total correlation of a Gaussian")
def exact_value(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, [_given(rng, 2, 200), _given(rng, 3, 240)], [EXACT])


@EXERCISE.part("The best quadratic d, averaged over the rows that it was fitted to", weight=1.5)
def on_its_own_rows(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, [_given(rng, 2, 200), _given(rng, 3, 240)], [OWN])


@EXERCISE.part("The same d, averaged over fresh rows")
def on_fresh_rows(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, [_given(rng, 2, 200), _given(rng, 3, 240)], [FRESH])


@EXERCISE.part(
    "Four latents; a single one; scales of a tenth and of five",
    weight=0.5,
    needs=["exact_value", "on_its_own_rows", "on_fresh_rows"],
)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = [
        _given(rng, 4, 400, 0.8),
        _given(rng, 2, 150, size=0.1),
        _given(rng, 2, 150, size=5.0),
        _alone(rng),
    ]
    return _judged(probe, cases, [EXACT, OWN, FRESH])


def _alone(rng: np.random.Generator) -> Given:
    """One latent has no total correlation; what a fit finds in its rows is chance."""
    while True:
        scale = float(np.exp(rng.uniform(-1, 1)))
        joint, product, fresh = (rng.normal(size=(count, 1)) * scale for count in (100, 150, 60))
        given = Given(joint, product, fresh, np.array([[scale**2]]))
        want = right(given)
        if np.isfinite(want).all() and np.abs(want[1:]).min() > 1e-3:
            return given
