"""Score gradients for the log of a mean weight: what a sample is credited with."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array
from autograder.units.unit_10.reference import judged, log_mean_exp, log_weights, refused

EXERCISE = exercise(
    __name__,
    title="What a sample adds to the bound",
    function="vimco",
    points=3,
    difficulty=4,
    importance=3,
    minutes=35,
    read="section 5, The score, reparametrized once more",
    hides=["gradients.score:vimco"],
)


class Given(NamedTuple):
    log_w: np.ndarray  # (K, *B)
    score: np.ndarray  # (K, *B, P)


def shares(log_w: np.ndarray) -> np.ndarray:
    """Normalized weights, ``(K, *B)``."""
    value: np.ndarray = np.exp(log_w - log_mean_exp(log_w)) / len(log_w)
    return value


def replaced(log_w: np.ndarray, kind: str = "geometric") -> np.ndarray:
    """The bound with weight k replaced, ``(K, *B)``: by the geometric or arithmetic mean of the others, or by zero."""
    rows = []
    for k in range(len(log_w)):
        others = np.delete(log_w, k, 0)
        stand_in = {
            "geometric": others.mean(0),
            "arithmetic": log_mean_exp(others),
            "own": log_w.mean(0),
            "zero": np.full(log_w.shape[1:], -np.inf),
        }[kind]
        rows.append(log_mean_exp(np.concatenate([others, stand_in[None]])))
    return np.stack(rows)


def estimate(given: Given, credit: np.ndarray, own: float = 1.0) -> np.ndarray:
    """The sum over samples of (credit - own * share) * score: ``(*B, P)``."""
    weights = credit - own * shares(given.log_w)
    value: np.ndarray = (weights[..., None] * given.score).sum(0)
    return value


def right(given: Given) -> np.ndarray:
    return estimate(given, log_mean_exp(given.log_w) - replaced(given.log_w))


def _mistakes(given: Given) -> list[Mistake]:
    log_w, score = given
    count, whole = len(log_w), log_mean_exp(log_w)
    credit = whole - replaced(log_w)
    level = np.broadcast_to(whole, log_w.shape)
    known = [
        (
            "density_lost",
            "The bound depends on the parameters of q also directly, since log q stands in every log weight. That term is lost.",
            estimate(given, credit, 0.0),
        ),
        (
            "density_sign",
            "The direct term has the wrong sign: log q stands in log w with a minus.",
            estimate(given, credit, -1.0),
        ),
        (
            "equal_shares",
            "In the direct term all samples count alike. The slope of the bound in a log weight is the sample's share.",
            ((credit - 1 / count)[..., None] * score).sum(0),
        ),
        (
            "whole_bound",
            "Every sample is credited with the whole bound. That is unbiased, and as noisy as can be.",
            estimate(given, level),
        ),
        (
            "arithmetic",
            "The stand-in is the arithmetic mean of the other weights. Unbiased, too; the geometric mean was asked.",
            estimate(given, whole - replaced(log_w, "arithmetic")),
        ),
        (
            "own_weight",
            "The sample's own weight is part of its stand-in, so the baseline depends on it, and the estimate is biased.",
            estimate(given, whole - replaced(log_w, "own")),
        ),
        (
            "dropped",
            "The weight is replaced by zero. It was to be replaced by what the others lead one to expect.",
            estimate(given, whole - replaced(log_w, "zero")),
        ),
        (
            "mean_over_samples",
            "You averaged over the samples. The gradient of a mean of weights is a sum: each sample's part is small already.",
            right(given) / count,
        ),
        (
            "baseline_added",
            "The baseline is added. What a sample adds is a difference.",
            estimate(given, whole + replaced(log_w)),
        ),
        (
            "score_averaged",
            "Credits and scores are averaged before they are multiplied.",
            ((credit - shares(log_w)).sum(0))[..., None] * score.mean(0),
        ),
    ]
    return [Mistake(key, hint, value) for key, hint, value in known]


def _inputs(
    rng: np.random.Generator,
    samples: int,
    batch: tuple[int, ...],
    size: int = 3,
    spread: float = 1.5,
) -> Given:
    score = rng.normal(size=(samples, *batch, size)) * np.geomspace(0.3, 3.0, size)
    return Given(log_weights(rng, samples, batch, spread), score)


def _asked(probe: Probe, given: Given) -> Finding:
    what = f"the estimate from {len(given.log_w)} samples"
    return judged(probe.value(*given), right(given), _mistakes, given, what)


def _all(probe: Probe, cases: list[Given]) -> Finding:
    finding = Finding(True)
    for given in cases:
        finding = _asked(probe, given) if finding.ok else finding
    return finding


@EXERCISE.part("The estimate at given log weights and scores", weight=1.5)
def at_given_samples(probe: Probe, rng: np.random.Generator) -> Finding:
    return _all(
        probe, [_inputs(rng, 5, (4,)), _inputs(rng, 3, (2, 3), 2), _inputs(rng, 7, (3,), 4)]
    )


@EXERCISE.part("Averaged over all triples of states of two bits, it is the exact gradient")
def mean_over_all_triples(probe: Probe, rng: np.random.Generator) -> Finding:
    p = rng.uniform(0.15, 0.4, 2)
    states = np.array(list(itertools.product((0.0, 1.0), repeat=2)))
    chance = np.prod(np.where(states > 0, p, 1 - p), -1)
    log_w = rng.normal(size=4) * 1.5 - 3 - np.log(chance)
    triples = np.array(list(itertools.product(range(4), repeat=3))).T
    given = Given(log_w[triples], (states - p)[triples])
    weights = chance[triples].prod(0)
    whole = np.broadcast_to(log_mean_exp(given.log_w), given.log_w.shape)
    exact = weights @ estimate(given, whole)  # without any baseline
    rows = as_array(probe.value(*given))
    if rows.shape != (64, 2):
        return compare(rows, right(given), what="the estimates, one for each triple")
    known = [
        (
            "density_lost",
            "The direct dependence of the bound on q is lost, and that has a mean.",
            0.0,
        ),
        ("density_sign", "The direct term has the wrong sign.", -1.0),
    ]
    credit = whole - replaced(given.log_w)
    mistakes = [
        Mistake(key, hint, weights @ estimate(given, credit, own)) for key, hint, own in known
    ]
    return compare(weights @ rows, exact, mistakes, 1e-7, what="their mean")


@EXERCISE.part(
    "Two samples; one datum, with and without a batch axis; one parameter; log weights of -10,000, and hundreds of nats apart",
    weight=0.5,
)
def sizes_and_extremes(probe: Probe, rng: np.random.Generator) -> Finding:
    low = _inputs(rng, 5, (3,))
    one = _inputs(
        rng, 3, (3,)
    )  # one weight is all of the mean, and what the others lead one to expect is far below
    one.log_w[:] += np.array([0.0, -400.0, -400.0])[rng.permutation(3)][:, None]
    return _all(
        probe,
        [
            _inputs(rng, 2, (5,)),
            _inputs(rng, 4, ()),
            _inputs(rng, 4, (1,)),
            _inputs(rng, 3, (3,), 1),
            _inputs(rng, 3, (3,), 3),
            low._replace(log_w=low.log_w - 1e4),
            low._replace(log_w=low.log_w + 900.0),
            _inputs(rng, 5, (3,), 3, 200.0),
            one,
        ],
    )


@EXERCISE.part("One sample is refused, with a ValueError", weight=0.5, needs=["at_given_samples"])
def one_sample_is_refused(probe: Probe, rng: np.random.Generator) -> Finding:
    given = _inputs(rng, 1, (3,))
    why = "There is no other sample to put in its place: raise a ValueError that says so."
    return refused(probe, [*given], why)
