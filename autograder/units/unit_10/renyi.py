"""The variational Renyi bound, for every alpha."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.unit_10.reference import judged, log_mean_exp, log_weights

EXERCISE = exercise(
    __name__,
    title="The Renyi bound, for every alpha",
    function="renyi",
    points=2,
    difficulty=2,
    importance=4,
    minutes=20,
    read="section 2, Other averages of the same weights",
    hides=["bounds:renyi"],
)


class Given(NamedTuple):
    log_w: np.ndarray  # (K, *B)
    alpha: float


def renyi(log_w: np.ndarray, alpha: float) -> np.ndarray:
    """The log of the power mean of order 1 - alpha; near order zero by the first cumulants of the log weights."""
    power = 1.0 - alpha
    if abs(power) * np.ptp(log_w, 0).max() > 1e-3:
        value: np.ndarray = log_mean_exp(power * log_w) / power
        return value
    mean = log_w.mean(0)
    off = log_w - mean
    second, third, fourth = (np.mean(off**n, 0) for n in (2, 3, 4))
    series = second / 2 + power * third / 6 + power**2 * (fourth - 3 * second**2) / 24
    value = mean + power * series
    return value


def _mistakes(given: Given) -> list[Mistake]:
    log_w, alpha = given
    power, count, mean, top = 1 - alpha, len(log_w), log_w.mean(0), log_w.max(0)
    known = [
        (
            "order_alpha",
            "The weights are raised to the power alpha. At alpha = 0 that loses them altogether, where the bound is to be the log "
            "of their mean.",
            log_mean_exp(alpha * log_w) / (alpha if alpha else np.nan),
        ),
        (
            "sum_not_mean",
            "The powers are summed over the K samples. Their mean is what belongs in the logarithm.",
            renyi(log_w, alpha) + np.log(count) / (power if power else np.nan),
        ),
        (
            "count_outside",
            "log K is subtracted after the division by the order. It belongs under it: the mean is inside the logarithm.",
            renyi(log_w, alpha) + np.log(count) / (power if power else np.nan) - np.log(count),
        ),
        (
            "not_divided",
            "The logarithm is not divided by the order: with one weight the bound must be its logarithm.",
            power * renyi(log_w, alpha),
        ),
        (
            "elbo",
            "This is the mean log weight: the case alpha = 1 alone.",
            mean,
        ),
        (
            "iwae",
            "This is the log of the mean weight: the case alpha = 0 alone.",
            renyi(log_w, 0.0),
        ),
        (
            "alpha_mirrored",
            "The order of the mean is alpha - 1. Large alpha must look at the small weights.",
            renyi(log_w, 2.0 - alpha),
        ),
        ("largest", "This is the largest log weight.", top),
        (
            "sum_over_data",
            "The data are averaged, too. Each datum has its own bound.",
            np.full(mean.shape, renyi(log_w.reshape(count, -1), alpha).mean()),
        ),
    ]
    if abs(power) < 3e-5:
        known = [row for row in known if row[0] not in ("elbo", "alpha_mirrored")]
    return [Mistake(key, hint, value) for key, hint, value in known]


def _asked(probe: Probe, log_w: np.ndarray, alpha: float, where: str) -> Finding:
    given = Given(log_w, alpha)
    return judged(probe.value(*given), renyi(*given), _mistakes, given, f"the bound, {where}")


@EXERCISE.part("For alpha below 0, between 0 and 1, and above 1", weight=1)
def many_orders(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for low, high in ((0.2, 0.8), (-3.0, -0.5), (1.3, 4.0), (6.0, 12.0)):
        alpha = float(rng.uniform(low, high))
        if finding.ok:
            finding = _asked(probe, log_weights(rng, 5, (4,)), alpha, f"alpha = {alpha:.3g}")
    return finding


@EXERCISE.part("At alpha = 0 and alpha = 1, and within 1e-14 of 1", weight=1)
def near_one(probe: Probe, rng: np.random.Generator) -> Finding:
    off = [10.0 ** rng.uniform(-low - 2, -low) * rng.choice([-1, 1]) for low in (2, 5, 12, 9)]
    finding = Finding(True)
    for alpha in (1.0, 0.0, *(1.0 + step for step in off)):
        if finding.ok:
            log_w = log_weights(rng, int(rng.integers(3, 7)), (1,))
            finding = _asked(probe, log_w, float(alpha), f"alpha = {alpha:.15g}")
    for low, spread in (
        (2.5, 20.0),
        (3.3, 20.0),
        (4.5, 100.0),
        (6.0, 100.0),
        (7.5, 100.0),
    ):  # near one, and the weights lie far apart
        alpha = 1.0 + 10.0 ** -rng.uniform(low, low + 0.5) * rng.choice([-1, 1])
        if finding.ok:
            log_w = log_weights(rng, 4, (1,), spread)
            finding = _asked(probe, log_w, float(alpha), f"alpha = {alpha:.15g}")
    for low in (3.0, 6.0, 9.0):  # near one, and the data's evidences lie far apart
        alpha = 1.0 + 10.0 ** -rng.uniform(low, low + 0.5) * rng.choice([-1, 1])
        if finding.ok:
            log_w = log_weights(rng, 4, (3,)) + rng.permutation([-700.0, 0.0, 300.0])
            finding = _asked(probe, log_w, float(alpha), f"alpha = {alpha:.15g}")
    return finding


@EXERCISE.part(
    "Log weights of -10,000, hundreds of nats apart, and all alike; large alpha; one sample; other batch axes",
    weight=0.5,
)
def sizes_and_extremes(probe: Probe, rng: np.random.Generator) -> Finding:
    cases = [
        (log_weights(rng, 4, (3,)) - 1e4, 0.5),
        (log_weights(rng, 4, (3,)) + 900.0, -2.0),
        (log_weights(rng, 4, (3,), 300.0), 0.3),
        (log_weights(rng, 4, (3,), 300.0), 3.0),
        (log_weights(rng, 4, (3,)), float(rng.uniform(30.0, 60.0) * rng.choice([-1, 1]))),
        (log_weights(rng, 5, (3,)), float(rng.uniform(150.0, 400.0) * rng.choice([-1, 1]))),
        (np.repeat(log_weights(rng, 1, (3,)), 4, 0), float(rng.uniform(-2.0, 3.0))),
        (log_weights(rng, 1, (3,)), -1.0),
        (log_weights(rng, 6, ()), 0.7),
        (log_weights(rng, 3, (1,)), 2.0),
        (log_weights(rng, 3, (2, 3)), -0.5),
        (log_weights(rng, 3, (3,)), 0.5),
    ]
    finding = Finding(True)
    for log_w, alpha in cases:
        if finding.ok:
            finding = _asked(probe, log_w, alpha, f"{log_w.shape} log weights")
    return finding
