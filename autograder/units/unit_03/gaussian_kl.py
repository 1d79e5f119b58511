"""The KL between two Gaussians."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import LOG_2PI
from autograder.units.unit_03.reference import (
    EXACT,
    ONE,
    and_batches_of_one,
    asked_twice,
    kl_terms,
)

EXERCISE = exercise(
    __name__,
    title="The KL between two Gaussians",
    function="gaussian_kl",
    points=2,
    difficulty=2,
    importance=5,
    minutes=15,
    read="The gap is a Kullback-Leibler divergence",
    hides=["distributions.normal:_kl_diagonal", "distributions.normal:_kl_to_diagonal"],
)


Args = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _kl_by_quadrature(loc_q: float, scale_q: float, loc_p: float, scale_p: float) -> float:
    """The integral of q log(q / p), by the trapezoid rule: knows nothing of the formula."""
    z = np.linspace(loc_q - 14 * scale_q, loc_q + 14 * scale_q, 6001)
    log_q = -0.5 * ((z - loc_q) / scale_q) ** 2 - np.log(scale_q) - 0.5 * LOG_2PI
    log_p = -0.5 * ((z - loc_p) / scale_p) ** 2 - np.log(scale_p) - 0.5 * LOG_2PI
    return float(np.sum(np.exp(log_q) * (log_q - log_p)) * (z[1] - z[0]))


def _pairs(rng: np.random.Generator, shape: tuple[int, ...]) -> Args:
    """Two Gaussians per entry, unlike each other; q is the narrower, so that both directions are well apart."""
    return (
        rng.normal(size=shape),
        rng.uniform(-1.5, -0.7, shape),
        rng.normal(size=shape),
        rng.uniform(0.2, 0.8, shape),
    )


def _hard_pairs(rng: np.random.Generator, dim: int) -> Args:
    """A pair as above, q the wider one, means far apart, both scales tiny, both huge, q tiny beside p, and both below one.

    Whoever forgets the exponential gets a number wherever both log-scales have one sign, and NaN elsewhere.
    """
    loc_q, log_q, loc_p, log_p = _pairs(rng, (7, dim))
    log_q[1], log_p[1] = rng.uniform(0.9, 1.5, dim), rng.uniform(-0.6, 0.6, dim)
    loc_q[2] += 30 * rng.choice([-1, 1], dim)
    log_q[3], log_p[3] = rng.uniform(-13, -12, dim), rng.uniform(-12, -11, dim)
    loc_p[3] = loc_q[3] + np.exp(log_p[3]) * loc_p[3]
    log_q[4], log_p[4] = rng.uniform(11, 12, dim), rng.uniform(12, 13, dim)
    loc_q[4] *= np.exp(log_q[4])
    log_q[5] = rng.uniform(-12, -11, dim)
    log_p[6] = log_q[6] / 2
    return loc_q, log_q, loc_p, log_p


def _kl(loc_q: np.ndarray, log_q: np.ndarray, loc_p: np.ndarray, log_p: np.ndarray) -> np.ndarray:
    return kl_terms(loc_q, np.exp(log_q), loc_p, np.exp(log_p)).sum(-1)


def _kl_mistakes(
    loc_q: np.ndarray, log_q: np.ndarray, loc_p: np.ndarray, log_p: np.ndarray
) -> list[Mistake]:
    q, p, shift = np.exp(log_q), np.exp(log_p), (loc_q - loc_p) ** 2
    right = kl_terms(loc_q, q, loc_p, p)
    with np.errstate(all="ignore"):
        as_scale = kl_terms(loc_q, log_q, loc_p, log_p)
        terms = [
            (
                "reversed",
                "This is KL(p || q). The order matters: the expectation is under the first argument, q.",
                kl_terms(loc_p, p, loc_q, q),
            ),
            (
                "log_scale_as_scale",
                "log_scale is the logarithm of the standard deviation: exponentiate it before use.",
                as_scale,
            ),
            (
                "log_scale_as_scale",
                "In the squares, too, log_scale must be exponentiated: it is the logarithm of the standard deviation.",
                log_p - log_q + (log_q**2 + shift) / (2 * log_p**2) - 0.5,
            ),
            (
                "shift_not_scaled",
                "The distance between the means is not divided by the variance of p.",
                right - shift / (2 * p**2) + shift,
            ),
            (
                "shift_not_scaled",
                "The distance between the means is not divided by the variance of p.",
                right - shift / (2 * p**2) + shift / 2,
            ),
            (
                "half_of_one_term",
                "The factor one half belongs to all but the logarithm of s_p / s_q, or to the whole bracket if that is "
                "a logarithm of variances: compare at equal means and scales.",
                2 * right + 0.5,
            ),
            (
                "scale_as_variance",
                "exp(log_scale) is a standard deviation; you used it as a variance. Square it.",
                kl_terms(loc_q, np.sqrt(q), loc_p, np.sqrt(p)),
            ),
            (
                "variance_as_scale",
                "You put variances where standard deviations belong (torch's Normal takes the standard deviation).",
                kl_terms(loc_q, q**2, loc_p, p**2),
            ),
            (
                "half_lost",
                "The minus one half of every coordinate is missing: the KL of a Gaussian to itself must be zero.",
                right + 0.5,
            ),
            (
                "log_sign",
                "The logarithm has the wrong sign: it is log(s_p / s_q), so that a narrow q is paid for.",
                right - 2 * (log_p - log_q),
            ),
            ("log_dropped", "The term log(s_p / s_q) is missing.", right - (log_p - log_q)),
            (
                "shift_not_squared",
                "The distance between the means enters squared, and divided by the variance of p.",
                right - shift / (2 * p**2) + (loc_q - loc_p) / (2 * p**2),
            ),
            (
                "wrong_variance",
                "The distance between the means is measured in standard deviations of p, the second argument.",
                right - shift / (2 * p**2) + shift / (2 * q**2),
            ),
        ]
        mistakes = [Mistake(key, hint, value.sum(-1)) for key, hint, value in terms]
    return [
        *mistakes,
        Mistake(
            "mean_over_dim",
            "You averaged over the coordinates. The KL of independent coordinates adds up: sum the last axis.",
            right.mean(-1),
        ),
        Mistake("no_sum", "You returned one number per coordinate. Sum over the last axis.", right),
        Mistake(
            "sum_over_batch",
            "You summed over the batch too. Keep one number per pair of Gaussians.",
            right.sum(),
        ),
    ]


@EXERCISE.part("Value for unlike Gaussians, in three dimensions")
def unlike_gaussians(probe: Probe, rng: np.random.Generator) -> Finding:
    args = _hard_pairs(rng, 3)
    got, sampled = asked_twice(probe, *args)
    finding = sampled or compare(
        got, _kl(*args), rtol=EXACT, what="the KL", mistakes=_kl_mistakes(*args)
    )

    def on_few(*few: np.ndarray) -> Finding:
        return compare(probe.value(*few), _kl(*few), rtol=EXACT, what=f"the KL, {ONE}")

    return and_batches_of_one(finding, args, on_few)


@EXERCISE.part("One datum, a narrow and a wide coordinate, against the integral by quadrature")
def one_datum_by_quadrature(probe: Probe, rng: np.random.Generator) -> Finding:
    args = (rng.normal(size=2), np.log([0.3, 3.0]), rng.normal(size=2), rng.uniform(0.2, 0.8, 2))
    loc_q, log_q, loc_p, log_p = args
    rows = zip(loc_q, np.exp(log_q), loc_p, np.exp(log_p), strict=True)
    want = sum(_kl_by_quadrature(*row) for row in rows)
    return compare(
        probe.value(*args),
        np.asarray(want),
        rtol=EXACT,
        what="the KL",
        mistakes=_kl_mistakes(*args),
    )


@EXERCISE.part("Twice the coordinates, twice the KL", weight=0.5)
def additive_over_coordinates(probe: Probe, rng: np.random.Generator) -> Finding:
    args = _pairs(rng, (2, 3, 2))
    wide = tuple(np.concatenate([arg, arg], -1) for arg in args)
    return compare(
        probe.value(*wide), 2 * _kl(*args), rtol=EXACT, what="the KL", mistakes=_kl_mistakes(*wide)
    )


@EXERCISE.part(
    "Zero for equal Gaussians, positive for all others", weight=0.5, needs=["unlike_gaussians"]
)
def zero_only_if_equal(probe: Probe, rng: np.random.Generator) -> Finding:
    loc, log_scale, _, _ = _pairs(rng, (5, 2))
    far = loc + rng.choice([-1.0, 1.0], (5, 2)) * rng.uniform(0.5, 2.0, (5, 2))
    got = [
        probe.value(loc, log_scale, other, scale)
        for other, scale in ((loc, log_scale), (far, log_scale), (loc, log_scale + 0.5))
    ]
    equal = compare(got[0], np.zeros(5), what="the KL of equal Gaussians")
    if not equal.ok or any(np.shape(value) != (5,) for value in got):
        return equal
    least = float(min(np.min(got[1]), np.min(got[2])))
    return holds(
        least > 0,
        "positive where the Gaussians differ",
        f"the least is {least:.4g}",
        hint="A KL divergence is never negative.",
    )
