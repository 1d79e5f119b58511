"""Variance at the landing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograder.checks.compare import compare, holds, zero
from autograder.checks.estimates import two_stages
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import SEEDED_INSIDE, as_array
from autograder.units.unit_09.landing_forms import (
    CHAIN_RULE,
    KEPT,
    OF_MEAN,
    SHARED,
    SWAPPED,
    judged_tables,
    mistakes_away,
    toy_variances,
    without_prior,
)

EXERCISE = exercise(
    __name__,
    title="Variance at the landing",
    function="landing_variances",
    points=3,
    difficulty=3,
    importance=5,
    minutes=25,
    read="section 2, The landing, exactly",
    hides=[],
    because="diagnostics.gradient_moments on the estimators is a right answer",
)


ENTRIES = [
    f"Var of the {row} gradient of {column}"
    for row in ("total", "path")
    for column in ("loc", "log_scale")
]
REPLICATES = 1000
TABLES = 400  # of R = 2
NEAR, FAR = (
    (0.5, 2.0),
    (0.4, 3.0),
)  # accepted ratios: no mistake that we know comes out on the edge of either


def _measure(probe: Probe, where: Sequence[float], replicates: int, seed: int | None = None) -> Any:
    loc, log_scale, x = (np.array([value]) for value in where)
    return probe.value(
        loc, log_scale, x, replicates, {"$generator": probe.fresh_seed() if seed is None else seed}
    )


def _away(rng: np.random.Generator) -> tuple[float, float, float]:
    loc = float(rng.normal())
    return (
        loc,
        float(np.log(rng.uniform(0.28, 0.34))),
        2 * loc + float(rng.uniform(1.0, 1.5) * rng.choice([-1, 1])),
    )


def _ratios(
    probe: Probe,
    where: Sequence[float],
    exact: np.ndarray,
    rows: slice,
    mistakes: Sequence[Mistake],
    band: tuple[float, float] = NEAR,
) -> Finding:
    """Measured over exact variances within a band, in two stages."""
    low, high = band

    def look(count: int) -> tuple[float, Finding]:
        got = _measure(probe, where, count)
        table = as_array(got)
        if table.shape != (2, 2):
            return np.inf, compare(got, np.zeros((2, 2)), what="the table of variances")
        found = table[rows]
        if not np.isfinite(found).all() or (found < 0).any():
            return np.inf, Finding(
                False, "variances: finite, and not negative", str(found.tolist()), "not_finite"
            )
        if (table < 1e-12).all():
            return np.inf, Finding(
                False, "total derivatives that vary", "variances of zero", "noise_shared", SHARED
            )
        log_ratio = np.log(np.maximum(found, 1e-300) / exact[rows]).ravel()
        statistic = np.where(log_ratio > 0, log_ratio / np.log(high), log_ratio / np.log(low))
        worst, names = int(statistic.argmax()), ENTRIES[2 * (rows.start or 0) :]
        expected = f"{names[worst]} = {exact[rows].ravel()[worst]:.4g} (accepted from {low:g} to {high:g} times that)"
        actual = f"{found.ravel()[worst]:.4g}, a ratio of {np.exp(log_ratio[worst]):.3g}, over {count:,} replicates"
        seen = next(
            (
                m
                for m in mistakes
                if _looks_like(
                    found, np.asarray(m.value(count) if callable(m.value) else m.value)[rows]
                )
            ),
            None,
        )
        return float(statistic.max()), Finding(
            False, expected, actual, seen.key if seen else "variance", seen.hint if seen else ""
        )

    return two_stages(probe, look, REPLICATES)


def _looks_like(found: np.ndarray, predicted: np.ndarray) -> bool:
    with np.errstate(all="ignore"):
        close = np.abs(np.log(np.maximum(found, 1e-300) / np.maximum(predicted, 1e-300))) < 0.35
    return bool((close | ((found < 1e-12) & (predicted < 1e-12))).all())


def _twice(probe: Probe, where: Sequence[float], seed: int) -> Any:
    loc, log_scale, x = (np.array([value]) for value in where)
    asked = {"loc": loc, "log_scale": log_scale, "x": x, "replicates": 60, "seed": seed}
    return probe.drive("landing/twice", **asked)


@EXERCISE.part("It draws its noise from the generator, and measures", weight=1.5)
def draws_and_measures(probe: Probe, rng: np.random.Generator) -> Finding:
    where, seed = _away(rng), probe.fresh_seed()
    actual = [_measure(probe, where, 60, number) for number in (seed, seed, seed + 1)]
    first, again, other = map(as_array, actual)
    if first.shape != (2, 2):
        return compare(actual[0], np.zeros((2, 2)), what="the table of variances")
    if not np.array_equal(first, again):
        return holds(
            False,
            "the same generator gives the same numbers",
            "they differ",
            "unseeded",
            "Draw with torch.randn(..., generator=generator). Another stream of random numbers cannot be repeated.",
        )
    if (first < 1e-12).all():
        return holds(
            False, "variances above zero, away from the posterior", "zeros", "noise_shared", SHARED
        )
    drawn = not np.allclose(first, other, rtol=1e-9)
    fewer, more, many, even_more = (
        as_array(_measure(probe, where, count, seed)) for count in (59, 61, 1500, 1501)
    )
    if drawn and any(
        np.array_equal(one, other)
        for one, other in ((fewer, first), (more, first), (many, even_more))
    ):
        return holds(
            False,
            "other numbers where one replicate more, or fewer, is asked for",
            "the very same numbers",
            "replicates_ignored",
            "The number of replicates that you draw is another one than `replicates` says.",
        )
    once, again = map(as_array, _twice(probe, where, seed))
    if drawn and np.array_equal(once, again):
        return holds(
            False,
            "a second call with the same generator goes on where the first one stopped",
            "the very same numbers",
            "seeded_inside",
            SEEDED_INSIDE,
        )
    loc, log_scale, x = (
        where  # a third of the scale: a variance of the path that is nine times as large, or more
    )
    narrow = as_array(_measure(probe, (loc, log_scale - np.log(3), x), 60, seed))
    if drawn and (narrow.shape != (2, 2) or narrow[1, 0] < 3 * first[1, 0]):
        return holds(
            False,
            "a path derivative that varies far more where q is a third as wide",
            f"a variance of {narrow.ravel()[2:3]} for loc, after {first[1, 0]:.3g}",
            "property",
            "",
        )
    return holds(
        drawn,
        "another generator gives other numbers",
        "other numbers" if drawn else "the very same numbers",
        "no_spread",
        "These numbers were computed, not measured. Draw replicates and take the variance over them.",
    )


@EXERCISE.part("At the posterior: 1/s² and 2 for the total derivative")
def total_at_the_posterior(probe: Probe, rng: np.random.Generator) -> Finding:
    x = float(rng.normal())
    where = (x / 2, -0.5 * np.log(2), x)
    exact = toy_variances(*where)
    return _ratios(
        probe,
        where,
        exact,
        slice(0, 1),
        [
            Mistake("rows_swapped", SWAPPED, exact[::-1]),
            Mistake("variance_of_mean", OF_MEAN, lambda count: exact / count),
            Mistake("scale_gradient", CHAIN_RULE, exact * [1.0, 2.0]),
            Mistake(
                "prior_forgotten",
                "These are the variances for log p(x | z) alone: the prior of z is missing from the model.",
                without_prior(*where),
            ),
        ],
        FAR,
    )


def _is_total(row: np.ndarray) -> bool:
    """Whether these are the variances of the score term at the posterior, 2 and 2, as measured."""
    return bool((np.abs(np.log(np.maximum(row, 1e-300) / 2)) < 0.6).all())


@EXERCISE.part("At the posterior: zero for the path derivative", needs=["total_at_the_posterior"])
def path_at_the_posterior(probe: Probe, rng: np.random.Generator) -> Finding:
    x = float(rng.normal())
    actual = _measure(probe, (x / 2, -0.5 * np.log(2), x), REPLICATES // 3)
    got = as_array(actual)
    if got.shape != (2, 2):
        return compare(actual, np.zeros((2, 2)), what="the table of variances")
    return zero(
        got[1],
        what="the variance of the path derivative",
        mistakes=[
            Mistake(
                "rows_swapped",
                SWAPPED,
                lambda row: bool((got[0] < 1e-12).all()) and _is_total(row),
            ),
            Mistake(
                "score_kept", KEPT, lambda row: bool((got[0] > 1e-12).all()) and _is_total(row)
            ),
        ],
    )


@EXERCISE.part(
    "Away from the posterior: all four as the closed forms say", needs=["draws_and_measures"]
)
def away_from_the_posterior(probe: Probe, rng: np.random.Generator) -> Finding:
    where = _away(rng)
    exact = toy_variances(*where)
    return _ratios(
        probe,
        where,
        exact,
        slice(0, 2),
        mistakes_away(*where),
    )


@EXERCISE.part("R = 2: divided by R - 1, from R independent replicates", weight=0.5)
def few_replicates(probe: Probe, rng: np.random.Generator) -> Finding:
    """The mean of many tables tells R - 1 from R, their scatter tells how many replicates there were."""
    where, few = _away(rng), 2
    variance = toy_variances(*where)[
        :, 0
    ]  # of loc, whose gradient is normal: Var s^2 = 2 Var^2 / (R - 1)
    loc, log_scale, x = (np.array([value]) for value in where)

    def look(count: int) -> tuple[float, Finding]:
        tables = as_array(
            probe.drive(
                "landing/many",
                loc=loc,
                log_scale=log_scale,
                x=x,
                replicates=few,
                count=count,
                seed=probe.fresh_seed(),
            )
        )
        if tables.shape != (count, 2, 2) or not np.isfinite(tables).all():
            return np.inf, Finding(
                False,
                f"with R = {few}, a finite table of shape (2, 2)",
                f"NaN, or another shape, {tables.shape[1:]}",
                "not_finite",
            )
        return judged_tables(tables, variance, few)

    return two_stages(probe, look, TABLES, 4)
