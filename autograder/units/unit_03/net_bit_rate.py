"""The net bit rate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograder.checks.compare import compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import LN2, as_array, unpack
from autograder.units.unit_03.reference import EXACT, averaging_mistakes, toy_pieces

EXERCISE = exercise(
    __name__,
    title="The net bit rate",
    function="net_bit_rate",
    points=2,
    difficulty=2,
    importance=3,
    minutes=15,
    read="Aside: the ELBO counts bits",
    hides=[],
    because="bounds.elbo on the log weights, in bits, is a right answer",
)


def _rate_mistakes(log_joint: np.ndarray, log_q: np.ndarray) -> list[Mistake]:
    nats = log_q - log_joint
    return [
        Mistake("nats", "These are nats. Divide by ln 2 for bits.", nats),
        Mistake(
            "multiplied",
            "You multiplied by ln 2. A bit is smaller than a nat, so there are more of them: divide.",
            nats * LN2,
        ),
        Mistake(
            "sign",
            "The sign is turned: a code length is minus a log-probability, so a likely (x, z) is short.",
            -nats / LN2,
        ),
        Mistake(
            "no_refund",
            "You paid for z under q. Those bits are not paid but got back, because z was decoded from earlier bits: "
            "add log q, do not subtract it.",
            -(log_joint + log_q) / LN2,
        ),
        Mistake(
            "gross_rate",
            "This is the gross rate, without the bits got back: add log q(z | x).",
            -log_joint / LN2,
        ),
    ]


def _rated(
    probe: Probe,
    log_joint: np.ndarray,
    log_q: np.ndarray,
    index: int,
    what: str,
    mistakes: Sequence[Mistake],
) -> Finding:
    """The rates (index 0) or their mean (index 1) against what they ought to be."""
    rate = (log_q - log_joint) / LN2
    wanted = (rate, rate.mean(0))
    got = [
        as_array(item) if isinstance(item, list) else item
        for item in unpack(probe.value(log_joint, log_q), 2, "rate, expected")
    ]
    if all(compare(got[1 - i], wanted[i], rtol=EXACT).ok for i in (0, 1)):
        return holds(
            False,
            f"{what}, as result {index + 1} of 2",
            f"it, as result {2 - index}",
            "swapped",
            "Return the rate of every sample first, then their mean.",
        )
    return compare(got[index], wanted[index], rtol=EXACT, what=what, mistakes=mistakes)


def _log_terms(
    rng: np.random.Generator, *shape: int, samples: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Log-densities for data ``shape``, the first of which is far more likely than its z: its rates are below zero, for certain."""
    k = int(rng.integers(4, 8)) if samples is None else samples
    log_joint, log_q = rng.normal(-8, 2, (k, *shape)), rng.normal(-2, 1, (k, *shape))
    data_joint, data_q = log_joint.reshape(k, -1), log_q.reshape(k, -1)  # views
    data_joint[:, 0], data_q[:, 0] = rng.uniform(2, 4, k), rng.uniform(-3, -1, k)
    data_q[:, -1] = rng.uniform(1, 3, k)
    return log_joint, log_q


def _and_axes_of_one(
    probe: Probe,
    finding: Finding,
    log_joint: np.ndarray,
    log_q: np.ndarray,
    index: int,
    what: str,
) -> Finding:
    """The finding, unless it is well and the answer fails for one sample, for one datum, or with a batch axis of length one."""
    for name, pick in (
        ("for one sample", np.s_[:1]),
        ("for a batch of one datum", np.s_[:, :1]),
        ("in a batch with an axis of length one", np.s_[:, :, None]),
    ):
        if finding.ok:
            few = log_joint[pick], log_q[pick]
            again = _rated(probe, *few, index, f"{what}, {name},", [])
            finding = finding if again.ok else again
    return finding


@EXERCISE.part("The rate of every sample, in bits")
def rate_per_sample(probe: Probe, rng: np.random.Generator) -> Finding:
    log_joint, log_q = _log_terms(rng, 3)
    averaged = Mistake(
        "averaged_rate",
        "The rate is asked sample by sample, (K, *B); only the second result is averaged.",
        ((log_q - log_joint) / LN2).mean(0),
    )
    known = [*_rate_mistakes(log_joint, log_q), averaged]
    finding = _rated(probe, log_joint, log_q, 0, "the rate", known)
    return _and_axes_of_one(probe, finding, log_joint, log_q, 0, "the rate")


@EXERCISE.part("The expected rate, one number per datum")
def expected_rate(probe: Probe, rng: np.random.Generator) -> Finding:
    log_joint, log_q = _log_terms(rng, 2, 3)
    log_mean = np.log(np.mean(np.exp(log_joint - log_q), 0))
    known = [
        *(m._replace(value=m.value.mean(0)) for m in _rate_mistakes(log_joint, log_q)),
        *averaging_mistakes((log_q - log_joint) / LN2),
        Mistake(
            "log_of_mean",
            "You averaged the weights before taking the logarithm. The expected length is the mean of the lengths: "
            "log first, then the mean.",
            -log_mean / LN2,
        ),
    ]
    finding = _rated(probe, log_joint, log_q, 1, "the expected rate", known)
    return _and_axes_of_one(probe, finding, log_joint, log_q, 1, "the expected rate")


@EXERCISE.part("At the posterior every sample costs the same, -log2 p(x)", weight=0.5)
def at_the_posterior(probe: Probe, rng: np.random.Generator) -> Finding:
    x = 3 * rng.normal(size=(3, 1))
    z = x / 2 + 0.5**0.5 * rng.normal(size=(4, 3, 1))
    t = toy_pieces(x / 2, np.full((3, 1), -0.5 * LN2), x, z)
    log_joint = t["prior"] + t["likelihood"]
    known = _rate_mistakes(log_joint, t["q"])
    return _rated(probe, log_joint, t["q"], 0, "the rate at q = posterior", known)


@EXERCISE.part("Long messages: 10,000 nats and more", weight=0.5)
def long_messages(probe: Probe, rng: np.random.Generator) -> Finding:
    log_joint, log_q = rng.uniform(-20000, -10000, 4), rng.uniform(-900, -800, 4)
    known = [m._replace(value=m.value.mean(0)) for m in _rate_mistakes(log_joint, log_q)]
    finding = _rated(probe, log_joint, log_q, 1, "the mean rate of one datum", known)
    if not finding.ok:
        return finding
    known = _rate_mistakes(log_joint, log_q)
    return _rated(probe, log_joint, log_q, 0, "the rate of one datum", known)
