"""The jackknife: terms of the bias of IWAE taken out, and the bound with them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import combinations
from typing import NamedTuple

import numpy as np

from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.unit_10.reference import judged, log_mean_exp, log_weights, refused

EXERCISE = exercise(
    __name__,
    title="The jackknife: a bias taken apart",
    function="jackknife",
    points=3,
    difficulty=4,
    importance=3,
    minutes=35,
    read="section 2, Other averages of the same weights",
    hides=["bounds:jackknife"],
)


class Given(NamedTuple):
    log_w: np.ndarray  # (K, *B)
    order: int


def coefficients(count: int, order: int) -> list[float]:
    """Of the sizes K, K - 1, ..., K - m: they add up to one, and the first m powers of one over the size cancel; exactly solved."""
    sizes = [count - j for j in range(order + 1)]
    found = []
    for size in sizes:  # Lagrange's polynomial in 1 / n, at zero
        value = Fraction(1)
        for other in sizes:
            if other != size:
                value *= Fraction(1, other) / (Fraction(1, other) - Fraction(1, size))
        found.append(float(value))
    return found


def subset_means(log_w: np.ndarray, size: int) -> np.ndarray:
    """The log mean weight, averaged over all subsets of so many samples, ``(*B)``."""
    rows = [log_mean_exp(log_w[list(kept)]) for kept in combinations(range(len(log_w)), size)]
    value: np.ndarray = np.mean(rows, 0)
    return value


def jackknife(
    given: Given,
    by: Callable[[int, int], Sequence[float]] = coefficients,
    of_size: Callable[[np.ndarray, int], np.ndarray] = subset_means,
) -> np.ndarray:
    log_w, order = given
    count = len(log_w)
    level = log_w.max(0)
    total = level * sum(by(count, order))
    for j, factor in enumerate(by(count, order)):
        total = total + factor * of_size(log_w - level, count - j)
    value: np.ndarray = total
    return value


def _binomial(count: int, order: int) -> list[float]:
    return [(-1.0) ** j * math.comb(order + 1, j + 1) for j in range(order + 1)]


def _unsized(count: int, order: int) -> list[float]:
    """K to the power m in place of K - j."""
    return [
        (-1.0) ** j * count**order / (math.factorial(order - j) * math.factorial(j))
        for j in range(order + 1)
    ]


def _first_subset(log_w: np.ndarray, size: int) -> np.ndarray:
    return log_mean_exp(log_w[:size])


def _last_subset(log_w: np.ndarray, size: int) -> np.ndarray:
    return log_mean_exp(log_w[-size:])


def _summed(log_w: np.ndarray, size: int) -> np.ndarray:
    value: np.ndarray = subset_means(log_w, size) * math.comb(len(log_w), size)
    return value


def _sum_of_weights(log_w: np.ndarray, size: int) -> np.ndarray:
    value: np.ndarray = subset_means(log_w, size) + np.log(size)
    return value


def _over_k(log_w: np.ndarray, size: int) -> np.ndarray:
    value: np.ndarray = subset_means(log_w, size) + np.log(size / len(log_w))
    return value


def _mistakes(given: Given) -> list[Mistake]:
    log_w, order = given
    count = len(log_w)
    known = [
        (
            "no_correction",
            "This is the log mean weight of all K samples: nothing was taken out.",
            log_mean_exp(log_w),
        ),
        (
            "elbo",
            "This is the mean log weight.",
            log_w.mean(0),
        ),
        (
            "binomial",
            "The coefficients are those that cancel powers of the size. The bias is in powers of one over the size.",
            jackknife(given, _binomial),
        ),
        (
            "sizes_alike",
            "Every coefficient has K in it. That of a set of K - j samples has K - j.",
            jackknife(given, _unsized),
        ),
        (
            "one_subset",
            "Of each size one set was taken, the first samples. That cancels the bias, too, and is noisier than it has to be: "
            "average over all sets of that size.",
            jackknife(given, of_size=_first_subset),
        ),
        (
            "one_subset",
            "Of each size one set was taken, the last samples. That cancels the bias, too, and is noisier than it has to be: "
            "average over all sets of that size.",
            jackknife(given, of_size=_last_subset),
        ),
        (
            "subsets_summed",
            "The sets of one size are summed. Their mean is asked.",
            jackknife(given, of_size=_summed) + log_w.max(0) * 0,
        ),
        (
            "sum_not_mean",
            "Within a set the weights are summed. The log of their mean is the bound.",
            jackknife(given, of_size=_sum_of_weights),
        ),
        (
            "divided_by_k",
            "A set that leaves samples out is divided by K. It has fewer weights.",
            jackknife(given, of_size=_over_k),
        ),
    ]
    if order > 1:
        known += [
            (
                "order_one",
                "Only the first term of the bias is taken out, whatever the order is.",
                jackknife(given._replace(order=1)),
            ),
            (
                "order_less_one",
                "One term less is taken out than was asked.",
                jackknife(given._replace(order=order - 1)),
            ),
        ]
    if order + 1 < count:
        known.append(
            (
                "order_plus_one",
                "One term more is taken out than was asked: it costs noise.",
                jackknife(given._replace(order=order + 1)),
            )
        )
    return [Mistake(key, hint, value) for key, hint, value in known]


def _asked(probe: Probe, log_w: np.ndarray, order: int) -> Finding:
    given = Given(log_w, order)
    what = f"order {order} of {len(log_w)} samples, a batch of shape {log_w.shape[1:]}"
    return judged(probe.value(*given), jackknife(given), _mistakes, given, what)


def _all(probe: Probe, cases: list[tuple[np.ndarray, int]]) -> Finding:
    finding = Finding(True)
    for log_w, order in cases:
        finding = _asked(probe, log_w, order) if finding.ok else finding
    return finding


@EXERCISE.part("Order 1", weight=0.5)
def first_order(probe: Probe, rng: np.random.Generator) -> Finding:
    return _all(probe, [(log_weights(rng, count, (4,)), 1) for count in (5, 2)])


@EXERCISE.part("Orders 2 to 4", weight=2)
def higher_orders(probe: Probe, rng: np.random.Generator) -> Finding:
    sizes = [(5, 2), (6, 3), (6, 4), (8, 2), (5, 3), (8, 4)]
    return _all(probe, [(log_weights(rng, count, (3,)), order) for count, order in sizes])


@EXERCISE.part(
    "Order 0, order K - 1, one sample; other batch axes; equal weights; log weights of -10,000, and a thousand nats apart",
    weight=0.5,
)
def sizes_and_extremes(probe: Probe, rng: np.random.Generator) -> Finding:
    far = log_weights(rng, 5, (3,))
    far[int(rng.integers(5))] += (
        1000.0  # the rest are nothing beside it, and all there is without it
    )
    twice = log_weights(rng, 4, (3,))
    return _all(
        probe,
        [
            (log_weights(rng, 4, (3,)), 0),
            (log_weights(rng, 4, (3,)), 3),
            (log_weights(rng, 3, (3,)), 2),
            (log_weights(rng, 1, (2,)), 0),
            (log_weights(rng, 5, ()), 2),
            (log_weights(rng, 4, (1,)), 2),
            (log_weights(rng, 4, (2, 3)), 1),
            (log_weights(rng, 5, (3,)) - 1e4, 3),
            (log_weights(rng, 5, (3,), 200.0), 2),
            (far, 3),
            (np.concatenate([twice, twice[[1, 1]]]), 3),
        ],
    )


@EXERCISE.part(
    "An order that leaves no sample, or is negative, is refused with a ValueError",
    weight=0.5,
    needs=["first_order"],
)
def refuses(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    why = "There is no set of no samples: raise a ValueError unless 0 <= order < K."
    for count, order in ((3, 3), (1, 1), (4, -1), (2, 5)):
        if finding.ok:
            finding = refused(probe, [log_weights(rng, count, (2,)), order], why)
    return finding
