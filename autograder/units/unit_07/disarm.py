"""DisARM, from its noisier relative."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array
from autograder.units.unit_07.reference import sigmoid, weights

EXERCISE = exercise(
    __name__,
    title="DisARM, from its noisier relative",
    function="disarm",
    points=3,
    difficulty=4,
    importance=3,
    minutes=35,
    read="section 7, Opposite pairs",
    hides=["gradients.disarm:disarm"],
)

RTOL = 1e-8


class Given(NamedTuple):
    """Logits ``(*B, D)``, uniform numbers ``(K, *B, D)``, and the numbers in f (``problems.Bits``)."""

    logits: np.ndarray
    u: np.ndarray
    linear: np.ndarray  # (*B, D)
    pair: np.ndarray  # (*B, D)
    level: np.ndarray  # (*B)

    def f(self, z: np.ndarray) -> np.ndarray:
        square = (self.pair * z).sum(-1) ** 2
        value: np.ndarray = self.level + (self.linear * z).sum(-1) + square + 2.0 / (1 + square)
        return value

    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """z and its opposite."""
        p = sigmoid(self.logits)
        return (self.u > 1 - p).astype(float), (self.u < p).astype(float)


def estimate(given: Given) -> np.ndarray:
    """``(*B, D)``: what each pair says of each bit, by averaging ARM over the numbers u that lead to it."""
    z, opposite = given.pairs()
    p = sigmoid(given.logits)
    low = np.minimum(
        p, 1 - p
    )  # u below `low` and above 1 - `low` makes opposite bits, between them equal ones
    middle = np.where(given.u > 0.5, 1 - low / 2, low / 2)
    mean_of_u = np.where(z != opposite, middle, 0.5)
    value: np.ndarray = ((given.f(z) - given.f(opposite))[..., None] * (mean_of_u - 0.5)).mean(0)
    return value


def _mistakes(given: Given) -> list[Mistake]:
    z, opposite = given.pairs()
    p = sigmoid(given.logits)
    rise = (given.f(z) - given.f(opposite))[..., None]
    right, sign = estimate(given), z - opposite
    score = z - p
    apart = np.abs(sign) > 0.5
    known = [
        (
            "arm",
            "This is ARM itself: u still enters as a number. Average it over all u that lead to "
            "the same pair.",
            (rise * (given.u - 0.5)).mean(0),
        ),
        (
            "arm",
            "This is ARM where the pair disagrees, and nothing elsewhere. Where it disagrees, u "
            "is still to be averaged over.",
            (rise * (given.u - 0.5) * apart).mean(0),
        ),
        (
            "weight_of_logit",
            "The weight is sigma(l), which is right for positive logits only. Which u lead to a "
            "pair that disagrees when the bit is mostly zero?",
            (0.5 * rise * sign * p).mean(0),
        ),
        (
            "weight_of_logit",
            "The weight is sigma(-|l|). Where the bits disagree u lies near the ends, so its "
            "distance from the middle is the larger one.",
            (0.5 * rise * sign * np.minimum(p, 1 - p)).mean(0),
        ),
        (
            "weight_lost",
            "The pair's difference counts fully. How far u is from its middle, given the pair, "
            "depends on the logit.",
            (0.5 * rise * sign).mean(0),
        ),
        ("half_lost", "A factor one half is lost.", 2 * right),
        ("sign", "The sign is turned: which of the two is one when u is large?", -right),
        ("sum_over_pairs", "You summed over the pairs. The estimate is their mean.", right * len(z)),
        (
            "two_samples",
            "The number of samples is taken for that of pairs: the sum is divided by 2 K.",
            right / 2,
        ),
        (
            "score_function",
            "This is the score function at z, with the reward of its opposite as a baseline. The "
            "two depend on each other: it is biased.",
            (rise * score).mean(0),
        ),
        ("no_baseline", "This is the score function at z.", (given.f(z)[..., None] * score).mean(0)),
    ]  # fmt: skip
    return [Mistake(key, hint, value) for key, hint, value in known]


def _given(
    rng: np.random.Generator,
    batch: tuple[int, ...],
    pairs: int,
    bits: int,
    size: tuple[float, float] = (0.3, 2.0),
) -> Given:
    """Logits of both signs; u in every part of (0, 1), and close to the points where a bit turns."""
    logits = rng.uniform(*size, (*batch, bits)) * rng.choice([-1, 1], (*batch, bits))
    low = sigmoid(-np.abs(logits))
    place = rng.uniform(0.02, 0.98, (pairs, *batch, bits))
    part = rng.integers(5, size=place.shape)
    if pairs > 2:
        part[:3] = (np.arange(3).reshape(3, *(1,) * (len(batch) + 1)) + part[0]) % 3
    beside = low + (0.5 - low) * low * place  # hardly inside the numbers by which the pair agrees
    u = np.choose(
        part,
        [low * place, low + (1 - 2 * low) * place, 1 - low * place, beside, 1 - beside],
    )
    return Given(
        logits,
        u,
        rng.normal(size=(*batch, bits)),
        rng.normal(size=(*batch, bits)),
        3 * rng.normal(size=batch),
    )


def _asked(probe: Probe, given: Given) -> Any:
    return probe.drive("disarm/estimate", **given._asdict())


def _judged(probe: Probe, given: Given) -> Finding:
    what = f"the estimate for logits of shape {given.logits.shape}"
    return compare(_asked(probe, given), estimate(given), _mistakes(given), RTOL, what=what)


@EXERCISE.part("The estimate, at given uniform numbers", weight=1.5)
def at_given_noise(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = _judged(probe, _given(rng, (4,), 6, 3))
    return finding if not finding.ok else _judged(probe, _given(rng, (2, 3), 4, 5))


@EXERCISE.part("Averaged over every pair that two bits can make, it is the exact gradient")
def mean_over_all_pairs(probe: Probe, rng: np.random.Generator) -> Finding:
    one = _given(rng, (), 1, 2)
    low = sigmoid(-np.abs(one.logits))
    parts = np.array(list(itertools.product(range(3), repeat=2)))
    ends = np.stack([0 * low, low, 1 - low, 1 + 0 * low])
    lower, upper = ends[parts, np.arange(2)], ends[parts + 1, np.arange(2)]
    chance = (upper - lower).prod(-1)
    u = lower + rng.uniform(0.05, 0.95, lower.shape) * (upper - lower)
    shape = (len(parts), 2)
    given = Given(
        np.broadcast_to(one.logits, shape).copy(),
        u[None],
        np.broadcast_to(one.linear, shape).copy(),
        np.broadcast_to(one.pair, shape).copy(),
        np.full(len(parts), float(one.level)),
    )
    actual = _asked(probe, given)
    rows = as_array(actual)
    if rows.shape != shape:
        return compare(actual, estimate(given), what="the estimates, one for each pair")
    z = np.array(list(itertools.product((0.0, 1.0), repeat=2)))
    p = sigmoid(one.logits)
    q = np.where(z > 0.5, p, 1 - p).prod(-1)
    return compare(chance @ rows, (q * one.f(z)) @ (z - p), what="their mean", rtol=RTOL)


@EXERCISE.part("Sure bits, logits up to 9; one pair; one bit; one datum, or no batch axis")
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for batch, pairs, bits, size in (
        ((3,), 4, 3, (5.0, 9.0)),
        ((), 3, 2, (0.3, 2.0)),
        ((1,), 1, 4, (0.01, 0.3)),
        ((4,), 2, 1, (0.5, 4.0)),
        ((3,), 3, 3, (1.0, 3.0)),
    ):
        finding = _judged(probe, _given(rng, batch, pairs, bits, size)) if finding.ok else finding
    return finding


@EXERCISE.part(
    "A constant in f moves no estimate; f is asked twice for each pair, and nowhere else",
    weight=0.5,
    needs=["at_given_noise"],
)
def twice_a_pair(probe: Probe, rng: np.random.Generator) -> Finding:
    given = _given(rng, (3,), 4, 3)
    far = given._replace(level=given.level + weights(rng, (3,)) * 1e5)
    finding = compare(
        _asked(probe, far), estimate(given), _mistakes(far), 1e-6, what="the estimate, f far from zero"
    )  # fmt: skip
    if not finding.ok:
        return finding
    rows = int(probe.drive("disarm/rows", **given._asdict()))
    return (
        Finding(True, "2 K questions to f for each datum", f"{rows / 3:g}")
        if rows == 2 * 4 * 3
        else Finding(
            False,
            "2 K questions to f for each datum",
            f"{rows / 3:g}",
            "asked_too_often",
            "f may be dear: ask for its value at z and at its opposite, once each.",
        )
    )
