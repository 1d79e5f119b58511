"""The other samples as a baseline."""

from __future__ import annotations

import itertools

import numpy as np

from autograder.checks.compare import compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array

EXERCISE = exercise(
    __name__,
    title="The other samples as a baseline",
    function="leave_one_out",
    points=2,
    difficulty=3,
    importance=5,
    minutes=20,
    read="section 2, What is free: a constant",
    hides=["gradients.baselines:leave_one_out"],
)


def estimate(f: np.ndarray, score: np.ndarray) -> np.ndarray:
    """The mean of (f_k - mean of the others) s_k, from differences of pairs: ``(K, *B), (K, *B, P) -> (*B, P)``."""
    count = len(f)
    pairs = (f[:, None] - f[None])[..., None] * score[:, None]
    total: np.ndarray = pairs.sum((0, 1)) / (count * (count - 1))
    return total


OWN = (
    "Each sample's own f is part of its baseline, so that b_k depends on z_k: the estimate is too small by the factor 1 - 1/K. "
    "Leave it out."
)


def _mistakes(f: np.ndarray, score: np.ndarray) -> list[Mistake]:
    count = len(f)
    right, mean = estimate(f, score), f.mean(0)

    def with_baseline(b: np.ndarray) -> np.ndarray:
        value: np.ndarray = ((f - b)[..., None] * score).mean(0)
        return value

    others = (count * mean - f) / (count - 1)
    known = [
        Mistake("own_mean", OWN, with_baseline(mean)),
        Mistake(
            "no_baseline",
            "This has no baseline: f times the score, averaged.",
            with_baseline(0 * f),
        ),
        Mistake(
            "others_over_k",
            "The other samples are summed and divided by K. There are K - 1 of them.",
            with_baseline((count * mean - f) / count),
        ),
        Mistake(
            "others_summed",
            "The baseline is the sum of the other rewards. Their mean is asked.",
            with_baseline(count * mean - f),
        ),
        Mistake(
            "sum_over_samples",
            "You summed over the K samples. The estimate is their mean.",
            right * count,
        ),
        Mistake(
            "score_averaged",
            "The rewards less their baselines are averaged first, and so are the scores: the product of two means is not the "
            "mean of the products.",
            (f - others).mean(0)[..., None] * score.mean(0),
        ),
        Mistake("baseline_added", "The baseline is added. Subtract it.", with_baseline(-others)),
        *(
            Mistake(
                "one_other",
                "The baseline is the reward of one neighbour. That is unbiased, and noisier than it has to be: use all of the "
                "others.",
                with_baseline(np.roll(f, shift, 0)),
            )
            for shift in (1, -1)
        ),
        Mistake(
            "repaired_twice",
            "The factor K / (K - 1) belongs to the mean of all rewards. The mean of the others needs no repair.",
            right * count / (count - 1),
        ),
    ]
    if f.ndim > 1 and f.shape[1] > 1:
        known.append(
            Mistake(
                "batch_baseline",
                "The baseline is the mean over the data. The rewards of other data are no guide to this one's: average over the "
                "other samples of the same datum, axis 0.",
                with_baseline(
                    np.broadcast_to(f.mean(tuple(range(1, f.ndim)), keepdims=True), f.shape)
                ),
            )
        )
    return known


def _inputs(
    rng: np.random.Generator, samples: int, batch: tuple[int, ...], size: int = 3
) -> tuple[np.ndarray, np.ndarray]:
    """Rewards that lie around a level of their own for each datum, and scores of every size."""
    f = rng.normal(size=(samples, *batch)) + 3 * rng.normal(size=batch)
    return f, rng.normal(size=(samples, *batch, size)) * np.geomspace(0.3, 3.0, size)


def _judged(probe: Probe, f: np.ndarray, score: np.ndarray) -> Finding:
    return compare(
        probe.value(f, score), estimate(f, score), _mistakes(f, score), what="the estimate"
    )


@EXERCISE.part("The estimate at given rewards and scores")
def at_given_samples(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = _judged(probe, *_inputs(rng, int(rng.integers(4, 7)), (4,)))
    return finding if not finding.ok else _judged(probe, *_inputs(rng, 3, (2, 3), 2))


@EXERCISE.part(
    "Two samples, the fewest; one datum, with and without a batch axis; one parameter", weight=0.5
)
def two_samples(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for samples, batch, size in ((2, (5,), 3), (4, (), 3), (2, (1,), 3), (3, (3,), 1)):
        finding = _judged(probe, *_inputs(rng, samples, batch, size)) if finding.ok else finding
    return finding


@EXERCISE.part("Averaged over all triples of states of two bits, it is the exact gradient")
def mean_over_all_triples(probe: Probe, rng: np.random.Generator) -> Finding:
    p = rng.uniform(0.15, 0.4, 2)
    states = np.array(list(itertools.product((0.0, 1.0), repeat=2)))
    weights = np.prod(np.where(states > 0, p, 1 - p), -1)
    values, scores = rng.normal(size=4) + 2.0, states - p
    exact = (weights * values) @ scores
    triples = np.array(list(itertools.product(range(4), repeat=3))).T
    chance = weights[triples].prod(0)
    f, score = values[triples], scores[triples]
    actual = probe.value(f, score)
    rows = as_array(actual)
    if rows.shape != (64, 2):
        return compare(actual, estimate(f, score), what="the estimates, one for each triple")
    return compare(
        chance @ rows,
        exact,
        what="their mean",
        mistakes=[Mistake("own_mean", OWN, exact * 2 / 3)],
    )


@EXERCISE.part("A constant in f moves no estimate, however large it is")
def constant_in_f(probe: Probe, rng: np.random.Generator) -> Finding:
    f, score = _inputs(rng, 5, (3,))
    level = float(rng.uniform(1e5, 2e5)) * rng.choice([-1, 1])
    return compare(
        probe.value(f + level, score),
        estimate(f, score),
        _mistakes(f + level, score),
        what="the estimate of rewards that lie far from zero",
    )


@EXERCISE.part("One sample is refused, with a ValueError", weight=0.5, needs=["at_given_samples"])
def one_sample_is_refused(probe: Probe, rng: np.random.Generator) -> Finding:
    f, score = _inputs(rng, 1, (3,))
    reply = probe.drive("leave_one_out/one_sample", f=f, score=score)
    if reply["refused"]:
        return Finding(True, "a ValueError", "so it is")
    actual = as_array(reply["actual"])
    hint = "There is no other sample: raise a ValueError that says so."
    if actual.size and np.isnan(actual).all():
        hint = "Zero divided by zero: NaN would travel into every parameter. " + hint
    elif actual.size and not actual.any():
        hint = "A gradient of zero, and nothing would ever be learned from it. " + hint
    return holds(False, "a ValueError", "a result", "one_sample_taken", hint)
