"""Reweighted wake-sleep: what the recognition net learns from K samples, exactly, and as K grows."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import unpack
from autograder.units.unit_12.reference import bernoulli, sigmoid, states

EXERCISE = exercise(
    __name__,
    title="Reweighted wake-sleep, and its bias",
    function="reweighted_bias",
    points=3,
    difficulty=4,
    importance=4,
    minutes=40,
    read="section 6, Reweighted wake-sleep",
    hides=["learning.wake_sleep:reweighted_phase"],
)

EXACT, FIRST = 0, 1
TITLES = ("the exact bias", "the bias to first order")
RTOL = 1e-7


class Given(NamedTuple):
    """One datum: ``log_joint, log_q: (S)`` of the states of z, ``scores: (S, P)``, the slopes of log q, and K."""

    log_joint: np.ndarray
    log_q: np.ndarray
    scores: np.ndarray
    samples: int

    @property
    def weights(self) -> np.ndarray:
        """p(z, x) / q(z), with mean one under q."""
        log_w = self.log_joint - self.log_q
        w = np.exp(log_w - log_w.max())
        value: np.ndarray = w / (np.exp(self.log_q) @ w)
        return value

    @property
    def target(self) -> np.ndarray:
        """The mean score under the posterior."""
        value: np.ndarray = (np.exp(self.log_q) * self.weights) @ self.scores
        return value

    def tuples(self) -> tuple[np.ndarray, np.ndarray]:
        """All K-tuples of states, ``(T, K)``, and their chances."""
        found = np.array(list(itertools.product(range(len(self.log_q)), repeat=self.samples)))
        return found, np.exp(self.log_q[found].sum(-1))

    def mean(self) -> np.ndarray:
        """Of the estimate from K samples: a sum over all tuples."""
        found, chance = self.tuples()
        w = self.weights[found]
        estimates = np.einsum("tk,tkp->tp", w / w.sum(-1, keepdims=True), self.scores[found])
        value: np.ndarray = chance @ estimates
        return value

    def exact(self) -> np.ndarray:
        return self.mean() - self.target

    def first(self) -> np.ndarray:
        """-(1/K) E w^2 (score - target), with w of mean one."""
        weighted = np.exp(self.log_q) * self.weights**2
        value: np.ndarray = -(weighted @ (self.scores - self.target)) / self.samples
        return value


def right(given: Given) -> tuple[np.ndarray, np.ndarray]:
    return given.exact(), given.first()


def _given(rng: np.random.Generator, bits: int, samples: int, level: float = 0.0) -> Given:
    """q is a product of bits; log p(x, z) has couplings, and a level as low as that of an image."""
    logits = rng.uniform(0.3, 1.5, bits) * rng.choice([-1, 1], bits)
    z = states(bits)
    tilt = rng.normal(size=len(z)) + z @ logits
    log_q = np.log(bernoulli(sigmoid(logits), z))
    return Given(tilt - level, log_q, z - sigmoid(logits), samples)


def _general(rng: np.random.Generator, size: int, parameters: int, samples: int) -> Given:
    """States of no structure; slopes of a softmax of fewer parameters, whose mean under q is zero."""
    log_q = np.log(rng.dirichlet(np.full(size, 2.0)))
    loads = rng.normal(size=(size, parameters))
    return Given(log_q + rng.normal(size=size) - 3.0, log_q, loads - np.exp(log_q) @ loads, samples)


def _rare(rng: np.random.Generator) -> Given:
    """Half of the posterior lies where q is hardly ever: one weight is thousands of times the others."""
    given = _general(rng, 4, 2, 2)
    chance = np.append(np.exp(given.log_q[:3]), 1e-4 * rng.uniform(1, 3))
    chance /= chance.sum()
    log_q = np.log(chance)
    log_joint = log_q + rng.normal(size=4)
    log_joint[3] = np.log(np.exp(log_joint[:3]).sum())
    return Given(log_joint, log_q, given.scores - chance @ given.scores, 2)


def _mistakes(given: Given, row: int) -> list[Mistake]:
    w, q, scores, count = given.weights, np.exp(given.log_q), given.scores, given.samples
    exact, first, target = given.exact(), given.first(), given.target
    known: list[tuple[str, str, np.ndarray]] = [
        ("order_swapped", "The two are exchanged: the exact one comes first.", (first, exact)[row]),
        ("sign", "The sign is turned: a bias is the mean less the target.", -(exact, first)[row]),
    ]
    if row == EXACT:
        known.append(
            ("target_alone", "This is minus the target, as if nothing were learned. So it is at K = 1 alone.", -target)
        )  # fmt: skip
        if count > 1:  # at K = 1 the mean is zero, which tells no cause
            known.append(
                ("mean_not_bias", "This is the mean of the estimate. Take its target off: the mean score under the posterior.",
                 given.mean())
            )  # fmt: skip
    else:
        of_two = (q * w**2) @ scores
        known += [
            ("not_divided", "This is the coefficient. Divide it by K.", first * count),
            ("denominator_forgotten",
             "The denominator is random, too. Expand the ratio to second order: its covariance with the numerator, and its own variance.",
             -(of_two - target) / count),
            ("target_not_taken_off", "This weights the scores by w squared. It is scores less the target that count.",
             -of_two / count),
            ("posterior_chances", "The squares are averaged over the posterior. The samples come from q.",
             -((q * w**3) @ (scores - target)) / count),
            ("covariance_alone", "This is the covariance of w with the score, not with w times the score.",
             -((q * (w - 1)) @ scores) / count),
            ("half", "A factor one half is too many.", first / 2),
        ]  # fmt: skip
    return [Mistake(key, hint, value) for key, hint, value in known]


def _judged(probe: Probe, cases: Sequence[Given], row: int) -> Finding:
    finding = Finding(True)
    for given in cases:
        both = unpack(probe.value(*given), 2, "exact, first order")
        where = f"{TITLES[row]} at K = {given.samples}, {len(given.log_q)} states"
        finding = compare(both[row], right(given)[row], _mistakes(given, row), RTOL, what=where)
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part("The exact bias at two to four samples")
def exact(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = [_given(rng, 2, 3), _given(rng, 3, 2), _general(rng, 3, 3, 4), _general(rng, 5, 2, 3)]
    return _judged(probe, cases, EXACT)


@EXERCISE.part("What it is to first order in 1 / K")
def first_order(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = [_given(rng, 2, 3), _given(rng, 3, 2), _general(rng, 3, 3, 4), _general(rng, 5, 2, 3)]
    return _judged(probe, cases, FIRST)


@EXERCISE.part(
    "One sample, six samples; one bit; log p(x, z) as low as -2,000; a weight of thousands",
    weight=0.5,
    needs=["exact", "first_order"],
)
def edges(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = [
        _given(rng, 2, 1),
        _given(rng, 1, 6),
        _given(rng, 2, 3, float(rng.uniform(1000, 2000))),
        _general(rng, 4, 1, 2),
        _rare(rng),
    ]
    finding = _judged(probe, cases, EXACT)
    return finding if not finding.ok else _judged(probe, cases, FIRST)


@EXERCISE.part(
    "Where q is the posterior, neither is off", weight=0.5, needs=["exact", "first_order"]
)
def at_the_posterior(probe: Probe, rng: np.random.Generator) -> Finding:
    given = _given(rng, 2, 3)
    given = given._replace(log_joint=given.log_q - float(rng.uniform(1, 3)))
    finding = _judged(probe, [given], EXACT)
    return replace(finding if not finding.ok else _judged(probe, [given], FIRST), alike=True)
