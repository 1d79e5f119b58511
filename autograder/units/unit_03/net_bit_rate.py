"""The net bit rate."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.checks.compare import Finding, Mistake, compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.probe import Probe
from autograder.units.shared import LN2, several, unpack
from autograder.units.unit_03.reference import averaging_mistakes, toy_pieces

EXERCISE = exercise(
    __name__,
    title="The net bit rate",
    function="net_bit_rate",
    points=2,
    difficulty=2,
    importance=3,
    minutes=15,
    read="The ELBO counts bits",
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


def _rates(probe: Probe, log_joint: np.ndarray, log_q: np.ndarray, index: int) -> Any:
    return unpack(probe.value(log_joint, log_q), 2, "rate, expected")[index]


def _log_terms(
    rng: np.random.Generator, samples: int = 6, batch: int = 3
) -> tuple[np.ndarray, np.ndarray]:
    return rng.normal(-8, 2, (samples, batch)), rng.normal(-2, 1, (samples, batch))


@EXERCISE.part("The rate of every sample, in bits")
def rate_per_sample(probe: Probe, rng: np.random.Generator) -> Finding:
    log_joint, log_q = _log_terms(rng)
    rate = (log_q - log_joint) / LN2
    return compare(
        _rates(probe, log_joint, log_q, 0),
        rate,
        what="the rate",
        mistakes=[
            *_rate_mistakes(log_joint, log_q),
            Mistake(
                "averaged_rate",
                "The rate is asked sample by sample, (K, *B); only the second result is averaged.",
                rate.mean(0),
            ),
        ],
    )


@EXERCISE.part("The expected rate, one number per datum")
def expected_rate(probe: Probe, rng: np.random.Generator) -> Finding:
    log_joint, log_q = _log_terms(rng)
    rate = (log_q - log_joint) / LN2
    log_mean = np.log(np.mean(np.exp(log_joint - log_q), 0))
    averaged = [
        Mistake(m.key, m.says, np.asarray(m.value).mean(0))
        for m in _rate_mistakes(log_joint, log_q)
    ]
    return compare(
        _rates(probe, log_joint, log_q, 1),
        rate.mean(0),
        what="the expected rate",
        mistakes=[
            *averaged,
            *averaging_mistakes(rate),
            Mistake(
                "log_of_mean",
                "You averaged the weights before taking the logarithm. The expected length is the mean of the lengths: "
                "log first, then the mean.",
                -log_mean / LN2,
            ),
        ],
    )


@EXERCISE.part("At the posterior every sample costs the same, -log2 p(x)", weight=0.5)
def at_the_posterior(probe: Probe, rng: np.random.Generator) -> Finding:
    x = rng.normal(size=(3, 1))
    z = x / 2 + 0.5**0.5 * rng.normal(size=(4, 3, 1))
    t = toy_pieces(x / 2, np.full((3, 1), -0.5 * LN2), x, z)
    got = _rates(probe, t["prior"] + t["likelihood"], t["q"], 0)
    bits = -t["evidence"] / LN2
    return compare(
        got,
        bits,
        what="the rate at q = posterior",
        mistakes=_rate_mistakes(t["prior"] + t["likelihood"], t["q"]),
    )


@EXERCISE.part("Long messages: 10,000 nats and more", weight=0.5)
def long_messages(probe: Probe, rng: np.random.Generator) -> Finding:
    log_joint, log_q = rng.uniform(-20000, -10000, (4, 2)), rng.uniform(-900, -800, (4, 2))
    reply = probe.value(log_joint, log_q)
    if not several(reply, 2) or any(not isinstance(item, np.ndarray) for item in reply):
        return holds(
            False,
            "two tensors (rate, expected)",
            "something else",
            "type",
            "Return both, the rate first.",
        )
    rate = (log_q - log_joint) / LN2
    flat = lambda value: np.concatenate([value.ravel(), value.mean(0)])  # noqa: E731
    known = [
        Mistake(m.key, m.says, flat(np.asarray(m.value))) for m in _rate_mistakes(log_joint, log_q)
    ]
    return compare(
        np.concatenate([item.ravel() for item in reply]),
        flat(rate),
        what="rate and mean",
        mistakes=[
            *known,
            Mistake(
                "naive_exp",
                "exp(-10,000) is zero in floating point, and its logarithm is not finite. Stay with the logarithms: "
                "subtract them.",
                lambda got: not np.isfinite(got).all(),
            ),
        ],
    )
