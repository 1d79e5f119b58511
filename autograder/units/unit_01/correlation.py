"""A common cause."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import several, unpack
from autograder.units.unit_01.reference import SAMPLED, asked_twice

EXERCISE = exercise(
    __name__,
    title="A common cause",
    function="two_bernoullis",
    points=3,
    difficulty=3,
    importance=4,
    minutes=25,
    read="Two Bernoullis, one cause",
    hides=[
        "models.tractable.two_bernoullis:TwoBernoullis.log_evidence",
    ],
)

GRID = np.linspace(-12, 12, 20001)


def table_of(
    a: np.ndarray, b: np.ndarray, weights: np.ndarray | None = None, z: np.ndarray = GRID
) -> np.ndarray:
    """p(x1, x2), ``(2, 2)``, by the trapezoid rule; ``weights`` stands for the prior if it is another one."""
    weights = (
        np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi) * (z[1] - z[0]) if weights is None else weights
    )
    p = expit(a[:, None] + b[:, None] * z)
    first, second = (np.stack([1 - row, row]) for row in p)
    return np.einsum("iz,jz,z->ij", first, second, weights)


def correlation_of(table: np.ndarray) -> float:
    p1, p2 = table[1].sum(), table[:, 1].sum()
    with np.errstate(invalid="ignore", divide="ignore"):  # of a table that a mistake makes
        return float((table[1, 1] - p1 * p2) / np.sqrt(p1 * (1 - p1) * p2 * (1 - p2)))


def _pair(rng: np.random.Generator, alike: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Intercepts and slopes; the slopes have one sign, or two: then the correlation is negative."""
    a = rng.uniform(0.3, 1.2, 2) * rng.choice([-1, 1], 2)
    signs = rng.choice([-1, 1]) * np.array([1, 1 if alike else -1])
    return a, rng.uniform(1.2, 3.0, 2) * signs


def _answer(probe: Probe, a: np.ndarray, b: np.ndarray, index: int) -> tuple[Any, Finding | None]:
    reply, sampled = asked_twice(probe, a, b)
    got = unpack(reply, 2, "table, correlation")[index]
    if sampled and several(reply, 2):
        return got, Finding(
            False, "the same answer at every call", "two different answers", "sampled", SAMPLED
        )
    return got, None


def _unweighted(a: np.ndarray, b: np.ndarray, got: np.ndarray) -> bool:
    """Whether a table comes from weighting all z of some interval alike, whatever it adds up to."""
    if got.shape != (2, 2) or not got.sum() > 0:
        return False
    for end in (3, 4, 5, 6, 8, 10, 12, 15, 20):
        z = np.linspace(-end, end, 2001)
        if np.allclose(got / got.sum(), table_of(a, b, np.full_like(z, 1 / len(z)), z), atol=2e-3):
            return True
    return False


NODES = (8, 10, 12, 15, 16, 20, 24, 25, 30, 32, 40, 48, 50, 64, 80, 100)


def _hermite(a: np.ndarray, b: np.ndarray, n: int) -> np.ndarray:
    nodes, weights = np.polynomial.hermite_e.hermegauss(n)
    return table_of(a, b, weights / weights.sum(), nodes)


def _proportional(got: np.ndarray, right: np.ndarray, near: bool) -> bool:
    """Whether the four numbers are the right ones but for a factor, and whether that is nearly one."""
    if got.shape != (2, 2) or not got.sum() > 0:
        return False
    factor = got.sum() / right.sum()
    return (abs(factor - 1) < 5e-3) == near and np.allclose(got / factor, right, rtol=1e-5)


ENDS = (2.0, 2.5, 3.0, 3.5, 4.0)
TOO_SHORT = "The grid ends too early. Beyond -3 and 3 there lies 0.3 per cent of N(0, 1), and five digits are asked: go to -8 and 8."


def _cut_off(a: np.ndarray, b: np.ndarray, got: np.ndarray) -> bool:
    """Whether a table is the right one but for the tails of z beyond some end."""
    if got.shape != (2, 2) or got.sum() > 1 - 3e-5:
        return False
    right = table_of(a, b)
    cut = [table_of(a, b, z=np.linspace(-end, end, 8001)) for end in ENDS]
    return any(np.abs(got - short).max() < 0.2 * np.abs(right - short).max() for short in cut)


def _table_mistakes(a: np.ndarray, b: np.ndarray) -> list[Mistake]:
    right = table_of(a, b)
    p1, p2 = right[1].sum(), right[:, 1].sum()
    product = np.outer([1 - p1, p1], [1 - p2, p2])
    at_zero = expit(a)
    return [
        Mistake(
            "independent",
            "This is the product of the two marginals. Given z the two are independent; the integral over z comes after the "
            "product, not before it.",
            product,
        ),
        Mistake(
            "plug_in",
            "You put the prior mean z = 0 in place of z. The probability is an average over z.",
            np.outer([1 - at_zero[0], at_zero[0]], [1 - at_zero[1], at_zero[1]]),
        ),
        Mistake("transposed", "The table is transposed: rows are x1, columns are x2.", right.T),
        Mistake(
            "flipped",
            "The outcomes are turned round: entry [0, 0] is the probability of x1 = 0, x2 = 0.",
            right[::-1, ::-1],
        ),
        Mistake("short_grid", TOO_SHORT, lambda got: _cut_off(a, b, got)),
        Mistake(
            "step",
            "Right up to a factor that is nearly one: the step of the grid is not quite the distance from point to point. Is it in "
            "single precision, where it is lost in rounding (give linspace dtype=torch.float64), or an interval short?",
            lambda got: _proportional(got, right, near=True),
        ),
        Mistake(
            "not_normalized",
            "Right up to a factor: the four probabilities do not add up to one. Is the step of the grid missing, or "
            "the 1/sqrt(2 pi)?",
            lambda got: _proportional(got, right, near=False),
        ),
        *[
            Mistake(
                "too_coarse",
                f"This is Gauss-Hermite quadrature with {n} nodes. Near zero they lie too far apart for a sigmoid this steep: "
                "take a fine grid from -10 to 10.",
                _hermite(a, b, n),
            )
            for n in NODES
            if not np.allclose(_hermite(a, b, n), right, rtol=1e-5)
        ],
        Mistake(
            "no_prior",
            "The prior N(z; 0, 1) is missing: every z has the same weight in your average.",
            lambda got: _unweighted(a, b, got),
        ),
        Mistake(
            "swapped", "Intercepts and slopes are exchanged: the logit is a + b z.", table_of(b, a)
        ),
    ]


@EXERCISE.part("The table p(x1, x2)", weight=2)
def table(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(False)
    for alike in (True, False):
        a, b = _pair(rng, alike)
        got, bad = _answer(probe, a, b, 0)
        finding = bad or compare(
            got, table_of(a, b), what="p(x1, x2)", mistakes=_table_mistakes(a, b)
        )
        if not finding.ok:
            return finding
    return finding


def _sign_mistakes(right: float) -> list[Mistake]:
    """Of a negative correlation more can be said: it is asked for after a positive one was right."""
    if right > 0:
        return [
            Mistake("sign", "The sign is turned.", -right),
            Mistake(
                "zero", "Given z the two are independent, but not after z is integrated out.", 0.0
            ),
        ]
    return [
        Mistake("unsigned", "The sign is lost: with slopes of two signs it is negative.", -right),
        Mistake(
            "never_negative",
            "A common cause can make the two unlike: with slopes of two signs the correlation is below zero.",
            0.0,
        ),
    ]


def _correlation_mistakes(a: np.ndarray, b: np.ndarray) -> list[Mistake]:
    right = table_of(a, b)
    p1, p2 = right[1].sum(), right[:, 1].sum()
    covariance = right[1, 1] - p1 * p2
    weights = np.exp(-0.5 * GRID**2)
    floored = {
        floor: covariance / np.sqrt(max(p1 * (1 - p1), floor) * max(p2 * (1 - p2), floor))
        for floor in (0.1, 0.05, 0.01, 1e-3)
    }
    p = expit(a[:, None] + b[:, None] * GRID)
    smooth = np.cov(p, aweights=weights, ddof=0)
    return [
        Mistake(
            "covariance",
            "This is the covariance. Divide it by both standard deviations.",
            covariance,
        ),
        Mistake(
            "of_probabilities",
            "This is the correlation of the two probabilities, sigmoid(a + b z). A coin also varies around its "
            "probability: the variance of x is p (1 - p), with p its mean.",
            smooth[0, 1] / np.sqrt(smooth[0, 0] * smooth[1, 1]),
        ),
        Mistake(
            "variance_for_scale",
            "You divided by the variances. Divide by the standard deviations, their square roots.",
            covariance / (p1 * (1 - p1) * p2 * (1 - p2)),
        ),
        *_sign_mistakes(correlation_of(right)),
        *[
            Mistake(
                "variance_floor",
                f"You kept the variances p (1 - p) above {floor:g}. Those of a rare coin are smaller, and are to be divided out as "
                "they are.",
                value,
            )
            for floor, value in floored.items()
            if not np.isclose(value, correlation_of(right), rtol=1e-4)
        ],
        Mistake(
            "uncentred",
            "The product of the means was not subtracted.",
            right[1, 1] / np.sqrt(p1 * (1 - p1) * p2 * (1 - p2)),
        ),
        Mistake(
            "swapped",
            "Intercepts and slopes are exchanged: the logit is a + b z.",
            correlation_of(table_of(b, a)),
        ),
        Mistake(
            "short_grid",
            TOO_SHORT,
            lambda got: (
                got.shape == ()
                and any(
                    abs(got - short) < 0.1 * abs(short - correlation_of(right))
                    for short in (
                        correlation_of(table_of(a, b, z=np.linspace(-end, end, 8001)))
                        for end in ENDS
                    )
                )
            ),
        ),
    ]


@EXERCISE.part("The correlation it implies")
def correlation(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(False)
    for alike in (True, False):
        a, b = _pair(rng, alike)
        got, bad = _answer(probe, a, b, 1)
        finding = bad or compare(
            got,
            correlation_of(table_of(a, b)),
            what="the correlation" if alike else "the correlation, with slopes of two signs",
            mistakes=_correlation_mistakes(a, b),
        )
        if not finding.ok:
            return finding
    a = rng.uniform(6.5, 7.5, 2) * rng.choice([-1, 1])  # rare coins, or rare tails
    b = rng.uniform(1.6, 2.2, 2)
    got, bad = _answer(probe, a, b, 1)
    return bad or compare(
        got,
        correlation_of(table_of(a, b)),
        what="the correlation of coins that seldom change",
        mistakes=_correlation_mistakes(a, b),
        atol=0.0,
    )


@EXERCISE.part("No cause, no correlation", weight=0.5)
def no_cause(probe: Probe, rng: np.random.Generator) -> Finding:
    a, b = rng.uniform(-1, 1, 2), np.array([0.0, rng.uniform(1, 3)])
    table = table_of(a, b)
    got, bad = _answer(probe, a, b, 0)
    finding = bad or compare(
        got,
        table,
        what="p(x1, x2) with b1 = 0",
        mistakes=[m for m in _table_mistakes(a, b) if m.key != "independent"],
    )
    return (
        finding
        if not finding.ok
        else compare(_answer(probe, a, b, 1)[0], 0.0, what="the correlation with b1 = 0")
    )


@EXERCISE.part("A steep sigmoid: slopes of 40 and more", weight=0.5)
def steep_sigmoid(probe: Probe, rng: np.random.Generator) -> Finding:
    a, b = rng.uniform(-8, 8, 2), rng.permutation([-rng.uniform(57, 60), rng.uniform(40, 60)])
    finding = _steep(probe, a, b)
    if not finding.ok:
        return finding
    # one is steep and falls, the other is gentle: neither the largest slope nor their mean tells how fine a grid must be
    a, b = rng.uniform(-0.5, 0.5, 2), rng.permutation([-rng.uniform(57, 60), rng.uniform(0.3, 0.9)])
    finding = _steep(probe, a, b)
    if not finding.ok:
        return finding
    # it climbs far from zero: a grid that is fine in the middle alone is too coarse
    b = rng.permutation([rng.uniform(57, 60), rng.uniform(0.8, 1.5)])
    a = np.where(b > 50, -b * rng.uniform(1.4, 2.2) * rng.choice([-1, 1]), rng.uniform(-0.5, 0.5))
    return _steep(probe, a, b)


def _steep(probe: Probe, a: np.ndarray, b: np.ndarray) -> Finding:
    want = table_of(a, b)
    got, bad = _answer(probe, a, b, 0)
    finding = bad or compare(
        got, want, what="p(x1, x2), to five digits,", mistakes=_table_mistakes(a, b)
    )
    if not finding.ok:
        return finding
    got, bad = _answer(probe, a, b, 1)
    return bad or compare(
        got, correlation_of(want), what="the correlation", mistakes=_correlation_mistakes(a, b)
    )
