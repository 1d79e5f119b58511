"""The prior's arrows, trusted in part: exact on a linear Gaussian chain."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import unpack

EXERCISE = exercise(
    __name__,
    title="A chain that trusts its prior in part",
    function="trusted_chain",
    points=4,
    difficulty=4,
    importance=4,
    minutes=40,
    read="section 4, What no Gaussian can do",
    hides=[],
    because="families.ASVI learns its weights; course_vi has no formula for them",
)

NAMES = "trust, anchor, variance"
TRUST, ANCHOR, VARIANCE = 0, 1, 2
TITLES = ("the trust", "the anchor", "the variance")


class Chain(NamedTuple):
    """z_t | z_{t-1} ~ N(a_t z_{t-1} + b_t, q_t), with z_0 = 0, and x_t | z_t ~ N(c_t z_t, r_t); all ``(T)``."""

    a: np.ndarray
    b: np.ndarray
    q: np.ndarray
    c: np.ndarray
    r: np.ndarray
    x: np.ndarray

    def ask(self, probe: Probe) -> list[np.ndarray]:
        return unpack(probe.value(*self), 3, NAMES)


def _rows(precision: np.ndarray, linear: np.ndarray, chain: Chain) -> np.ndarray:
    """(trust, anchor, variance) from the information about z_t that the data give: its precision and its linear part."""
    variance = 1 / (1 / chain.q + precision)
    with np.errstate(all="ignore"):
        anchor = linear / precision
    return np.stack([variance / chain.q, anchor, variance])


def right(chain: Chain) -> np.ndarray:
    """``(3, T)``: what x_t and all later data say about z_t, collected from the end."""
    precision, linear = chain.c**2 / chain.r, chain.c * chain.x / chain.r
    for t in reversed(range(len(chain.x) - 1)):
        a, b, q = chain.a[t + 1], chain.b[t + 1], chain.q[t + 1]
        kept = 1 / (1 + q * precision[t + 1])
        linear[t] += a * kept * (linear[t + 1] - b * precision[t + 1])
        precision[t] += a**2 * kept * precision[t + 1]
    return _rows(precision, linear, chain)


def moments(chain: Chain) -> tuple[np.ndarray, np.ndarray]:
    """The posterior's precision and mean of the whole chain."""
    size = len(chain.x)
    root = np.eye(size)
    root[np.arange(1, size), np.arange(size - 1)] = -chain.a[1:]
    precision = root.T @ np.diag(1 / chain.q) @ root + np.diag(chain.c**2 / chain.r)
    linear = root.T @ (chain.b / chain.q) + chain.c * chain.x / chain.r
    return precision, np.linalg.solve(precision, linear)


def _filtered(chain: Chain) -> np.ndarray:
    """With the datum of the same time alone."""
    return _rows(chain.c**2 / chain.r, chain.c * chain.x / chain.r, chain)


def _mistakes(chains: list[Chain], row: int) -> list[Mistake]:
    wants = [right(chain) for chain in chains]
    covariances = [np.linalg.inv(moments(chain)[0]) for chain in chains]
    marginal = [np.diag(covariance) for covariance in covariances]
    given_others = [1 / np.diag(moments(chain)[0]) for chain in chains]
    means = [moments(chain)[1] for chain in chains]

    def joined(rows: list[np.ndarray]) -> np.ndarray:
        return np.concatenate(rows)

    found = [
        Mistake(
            "order_swapped",
            f"This is {TITLES[other]}: return them in the order of the docstring.",
            joined([want[other] for want in wants]),
        )
        for other in range(3)
        if other != row
    ]
    found.append(
        Mistake(
            "later_data_ignored",
            "Only the datum of the same time is used. The later data say something about z_t, too: they are passed back along the chain.",
            joined([_filtered(chain)[row] for chain in chains]),
        )
    )
    if row == TRUST:
        found += [
            Mistake(
                "root",
                "This is the weight of a standard deviation: the mean has another.",
                joined([np.sqrt(want[TRUST]) for want in wants]),
            ),
            Mistake(
                "complement",
                "This is the weight of the anchor. The trust is that of the prior's mean.",
                joined([1 - want[TRUST] for want in wants]),
            ),
            Mistake(
                "marginal",
                "This uses the variance of z_t given all data. In the chain it stands given z_{t-1} as well.",
                joined([v / c.q for v, c in zip(marginal, chains, strict=True)]),
            ),
            Mistake(
                "neighbours",
                "This uses the variance of z_t given both of its neighbours. The chain gives it the earlier one alone.",
                joined([v / c.q for v, c in zip(given_others, chains, strict=True)]),
            ),
            Mistake(
                "slope",
                "This is the slope in z_{t-1}. The trust multiplies the prior's mean, which has its slope already.",
                joined([want[TRUST] * c.a for want, c in zip(wants, chains, strict=True)]),
            ),
        ]
    if row == ANCHOR:
        found += [
            Mistake(
                "smoothed",
                "This is the posterior mean, prior and all. The anchor is what the prior is mixed with.",
                joined(means),
            ),
            Mistake(
                "weighted",
                "This is the anchor times its weight: divide by one minus the trust.",
                joined([(1 - want[TRUST]) * want[ANCHOR] for want in wants]),
            ),
        ]
    if row == VARIANCE:
        found += [
            Mistake(
                "marginal",
                "This is the variance of z_t given all data. In the chain it stands given z_{t-1} as well.",
                joined(marginal),
            ),
            Mistake(
                "neighbours",
                "This is the variance of z_t given both of its neighbours. The chain gives it the earlier one alone.",
                joined(given_others),
            ),
            Mistake(
                "standard_deviation",
                "These are standard deviations.",
                joined([np.sqrt(want[VARIANCE]) for want in wants]),
            ),
            Mistake("precision", "These are precisions.", joined([1 / w[VARIANCE] for w in wants])),
        ]
    return found


def _chain(rng: np.random.Generator, length: int, slope: float = 1.3) -> Chain:
    """Every step has numbers of its own; slopes and measurements of either sign, noises from .1 to 5."""

    def signed(low: float, high: float) -> np.ndarray:
        return rng.uniform(low, high, length) * rng.choice([-1, 1], length)

    return Chain(
        a=signed(0.5, slope),
        b=rng.normal(size=length),
        q=np.exp(rng.uniform(-2.3, 1.6, length)),
        c=signed(0.4, 1.5),
        r=np.exp(rng.uniform(-2.3, 1.6, length)),
        x=2 * rng.normal(size=length),
    )


def _judged(probe: Probe, chains: list[Chain], row: int, what: str) -> Finding:
    answers = [chain.ask(probe) for chain in chains]
    for chain, answer in zip(chains, answers, strict=True):
        want = right(chain)[row]
        if not isinstance(answer[row], (np.ndarray, list)) or np.shape(answer[row]) != want.shape:
            return compare(answer[row], want, what=TITLES[row])
    return compare(
        np.concatenate([np.asarray(answer[row]) for answer in answers]),
        np.concatenate([right(chain)[row] for chain in chains]),
        _mistakes(chains, row),
        what=f"{TITLES[row]} {what}",
    )


def _chains(rng: np.random.Generator) -> list[Chain]:
    return [_chain(rng, 3), _chain(rng, 5), _chain(rng, 8, slope=2.0)]


WHERE = "of chains of three, five and eight"


@EXERCISE.part("How far each step trusts the prior's mean")
def trust(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _chains(rng), TRUST, WHERE)


@EXERCISE.part("What it is mixed with")
def anchor(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _chains(rng), ANCHOR, WHERE)


@EXERCISE.part("The variance of each step")
def variance(probe: Probe, rng: np.random.Generator) -> Finding:
    return _judged(probe, _chains(rng), VARIANCE, WHERE)


@EXERCISE.part("One step, two steps, and a chain that is cut", weight=0.5)
def short_and_cut(probe: Probe, rng: np.random.Generator) -> Finding:
    cut = _chain(rng, 6)
    cut.a[[2, 4]] = 0.0
    finding = Finding(True)
    for row in (TRUST, ANCHOR, VARIANCE):
        finding = _judged(probe, [_chain(rng, 1), _chain(rng, 2), cut], row, "of short chains")
        if not finding.ok:
            return finding
    return finding
