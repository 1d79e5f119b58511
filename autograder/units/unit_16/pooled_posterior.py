"""An encoder of sets that is exact: what is pooled, so that order does not matter and size does."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import as_array

EXERCISE = exercise(
    __name__,
    title="An encoder of sets that is exact",
    function="pooled_posterior",
    points=3,
    difficulty=3,
    importance=4,
    minutes=30,
    read="section 2, Order and size",
    hides=[
        "models.tractable.normal_gamma:NormalGamma.posterior_parameters",
        "experiments.set_trial:_posterior",
        "distributions.conjugate:NormalWishart.plus",
    ],
)

PARAMETERS = ("m", "k", "a", "b")


class Given(NamedTuple):
    """Rows of points ``(*B, N)``, which of them are there, ``(*B, N)``, and the prior's m, k, a, b, ``(4)``."""

    points: np.ndarray
    present: np.ndarray
    prior: np.ndarray


class Statistics(NamedTuple):
    """Of each set: its size, its mean (zero if it is empty), and the sum of squares around it."""

    size: np.ndarray
    mean: np.ndarray
    spread: np.ndarray


def statistics(points: np.ndarray, present: np.ndarray) -> Statistics:
    there = np.where(present, points, 0.0)
    count = present.sum(-1).astype(float)
    mean = there.sum(-1) / np.maximum(count, 1)
    spread = (np.where(present, points - mean[..., None], 0.0) ** 2).sum(-1)
    return Statistics(count, mean, spread)


def posterior(prior: np.ndarray, seen: Statistics) -> np.ndarray:
    """m, k, a, b after the set, ``(*B, 4)``."""
    m, k, a, b = prior
    count, mean, spread = seen
    strength = k + count
    between = k * count * (mean - m) ** 2 / strength
    return np.stack(
        [
            (k * m + count * mean) / strength,
            strength,
            a + 0.5 * count,
            b + 0.5 * spread + 0.5 * between,
        ],
        -1,
    )


def right(given: Given) -> np.ndarray:
    return posterior(given.prior, statistics(given.points, given.present))


def _found(given: Given) -> dict[str, np.ndarray]:
    points, present, prior = given
    seen = statistics(points, present)
    m, k, a, b = prior
    count, mean, spread = seen
    all_there = statistics(np.where(present, points, 0.0), present | True)
    one = np.ones_like(count)
    want = right(given)

    def with_rate(rate: np.ndarray) -> np.ndarray:
        return np.concatenate([want[..., :3], rate[..., None]], -1)

    between = 0.5 * k * count * (mean - m) ** 2 / (k + count)
    squares = spread + count * mean**2
    turned = np.concatenate([want[..., :3], 1 / want[..., 3:]], -1)
    return {
        "padding_counted": posterior(prior, all_there),
        "padding_in_the_count": posterior(prior, seen._replace(size=all_there.size)),
        "size_lost": posterior(prior, Statistics(one, mean, spread / np.maximum(count, 1))),
        "variance_for_squares": with_rate(b + 0.5 * spread / np.maximum(count, 1) + between),
        "sample_variance": with_rate(b + 0.5 * spread / np.maximum(count - 1, 1) + between),
        "between_lost": with_rate(b + 0.5 * spread),
        "halves_lost": with_rate(b + spread + 2 * between),
        "squares_not_centred": with_rate(b + 0.5 * squares + between),
        "around_the_prior": with_rate(
            b + 0.5 * (spread + count * (mean - m) ** 2)
        ),
        "around_the_new_mean": with_rate(
            b + 0.5 * (spread + count * (mean - want[..., 0]) ** 2)
        ),
        "between_unweighted": with_rate(b + 0.5 * spread + 0.5 * count * k * (mean - m) ** 2),
        "count_not_halved": want + np.stack([0 * count, 0 * count, 0.5 * count, 0 * count], -1),
        "strength_kept": np.stack([want[..., 0], k + 0 * count, want[..., 2], want[..., 3]], -1),
        "scale_for_rate": turned,
        "prior_mean_lost": np.concatenate([(count * mean / (k + count))[..., None], want[..., 1:]], -1),
        "plain_mean": np.concatenate([mean[..., None], want[..., 1:]], -1),
    }  # fmt: skip


SAYS = {
    "padding_counted": "Points that are not there are pooled as zeros and counted.",
    "padding_in_the_count": "Points that are not there are counted.",
    "size_lost": "The result is that of a single point at the mean: the size of the set has no say. Averages forget it.",
    "variance_for_squares": "b grows with a variance. The sum of squares belongs there.",
    "sample_variance": "b grows with the sample variance. The sum of squares belongs there.",
    "between_lost": "b grows by what the points differ from their mean, and by no more. That the mean differs from m is a surprise, too.",
    "halves_lost": "A factor one half is missing in b.",
    "squares_not_centred": "The squares in b are taken around zero, and the mean counts twice.",
    "around_the_prior": "The squares in b are taken around the prior's m. The mean of the set is uncertain by then, and part of its "
    "distance is explained.",
    "around_the_new_mean": "The squares in b are taken around the new m. What the prior pays for the move is missing.",
    "between_unweighted": "In b the distance of the mean from m has the weight k n. The two strengths share it.",
    "count_not_halved": "a grows by the number of points, twice as much as it should.",
    "strength_kept": "k stays what it was. It counts points.",
    "scale_for_rate": "b came as a scale. It is a rate.",
    "prior_mean_lost": "The prior's m is missing from the new one.",
    "plain_mean": "The new m is the mean of the set. The prior's m has k points' weight.",
}


def _mistakes(given: Given) -> list[Mistake]:
    with np.errstate(all="ignore"):
        return [Mistake(key, SAYS[key], value) for key, value in _found(given).items()]


def _given(
    rng: np.random.Generator,
    batch: tuple[int, ...] = (4,),
    longest: int = 7,
    scale: float = 1.0,
    offset: float = 0.0,
) -> Given:
    """Sets of sizes of their own, two or more points in each, the padding anywhere; a prior of its own."""
    order = rng.permuted(np.broadcast_to(np.arange(longest), (*batch, longest)), axis=-1)
    count = rng.integers(2, longest, (*batch, 1))
    points = offset + scale * (1.5 * rng.normal(size=(*batch, 1)) + rng.normal(size=order.shape))
    return Given(points, order < count, _prior(rng, scale, offset))


def _prior(rng: np.random.Generator, scale: float = 1.0, offset: float = 0.0) -> np.ndarray:
    m = offset + scale * rng.uniform(0.5, 1.5) * rng.choice([-1, 1])
    k, a = rng.uniform(0.3, 3.0), rng.uniform(1.2, 4.0)
    return np.array([m, k, a, scale**2 * rng.uniform(0.5, 3.0)])


def _judged(probe: Probe, given: Given, scale: float = 1.0) -> Finding:
    """``scale``: of the points; what lies near zero is held to it."""
    what = "(m, k, a, b) of each set"
    got = probe.value(*given)
    want = right(given)
    array = as_array(got)
    if array.shape == want.shape and np.isnan(array).any():
        empty = ~given.present.any(-1)
        if not np.isnan(array[~empty]).any():
            hint = "An empty set says nothing: what is known of it is the prior. A mean of no points is 0 / 0."
            return Finding(
                False, f"{what} is finite", "NaN where a set is empty", "empty_set", hint
            )
        if np.isnan(given.points).any():
            hint = "NaN stood where no point is, and reached the answer. Zero times NaN is NaN: pick the points, or use torch.where."
            return Finding(False, f"{what} is finite", "NaN", "nan_spreads", hint)
    known = functools.partial(_mistakes, given)
    return compare(got, want, known, rtol=1e-7, atol=1e-9 * min(1.0, scale**2), what=what)


@EXERCISE.part("Sets of several sizes, padded", weight=2)
def values(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = _judged(probe, _given(rng))
    return finding if not finding.ok else _judged(probe, _given(rng, (3,), 12, 4.0, 10.0))


@EXERCISE.part("What stands where no point is does not matter, be it NaN or infinite")
def padding(probe: Probe, rng: np.random.Generator) -> Finding:
    given = _given(rng)
    finding = Finding(True)
    for junk in (-7.0, np.nan, np.inf):
        points = np.where(given.present, given.points, junk)
        finding = _judged(probe, given._replace(points=points)) if finding.ok else finding
    return finding


@EXERCISE.part("An empty set, one point, the same point over and over, a point at zero")
def small_sets(probe: Probe, rng: np.random.Generator) -> Finding:
    given = _given(rng, (5,))
    points, present = given.points.copy(), given.present.copy()
    none, single, same, at_zero, _ = rng.permutation(5)
    present[none] = False
    present[single] = np.arange(points.shape[-1]) == rng.integers(points.shape[-1])
    points[same] = points[same, 0]
    points[at_zero, np.argmax(present[at_zero])] = 0.0
    return _judged(probe, given._replace(points=points, present=present))


@EXERCISE.part(
    "One set alone; sets on two axes; scales of 0.001 and 30; a place far from zero; a prior far from the set",
    weight=0.5,
)
def shapes_and_scales(probe: Probe, rng: np.random.Generator) -> Finding:
    far = float(rng.choice([-1, 1]) * rng.uniform(800, 1000))
    elsewhere, small, large = (
        _given(rng, (3,), 5),
        _given(rng, (3,), 6, 1e-3),
        _given(rng, (2,), 200),
    )
    small = small._replace(prior=small.prior * np.array([1, 1, 1, 0.2]))
    small.present[rng.integers(3)] = False
    cases = [
        (_given(rng, (), 5), 1.0),
        (_given(rng, (2, 3), 4), 1.0),
        (_given(rng, (4,), 4), 1.0),  # as many sets as places, and as numbers
        (small, 1e-3),
        (_given(rng, (3,), 6, 30.0), 30.0),
        (_given(rng, (3,), 9, 1.0, far), 1.0),
        (elsewhere._replace(prior=elsewhere.prior + np.array([0.1 * far, 0, 0, 0])), 1.0),
        (large._replace(present=large.present | True), 1.0),
    ]
    finding = Finding(True)
    for given, scale in cases:
        finding = _judged(probe, given, scale) if finding.ok else finding
    return finding
