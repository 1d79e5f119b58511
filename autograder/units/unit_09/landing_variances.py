"""Variance at the landing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograder.checks.compare import Finding, Mistake, compare, holds, two_stages, zero
from autograder.checks.exercise import exercise
from autograder.checks.probe import Probe
from autograder.units.shared import as_array
from autograder.units.unit_09.reference import SAMPLE_DETACHED

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


def toy_variances(loc: float, log_scale: float, x: float) -> np.ndarray:
    r"""Variances of the one-sample gradient on the toy (D = 1): rows total and path, columns loc and log_scale.

    With c = x - 2 loc the path derivative is r = c + (1/s - 2s) eps for loc and r s eps for log_scale; the score term adds
    -eps/s and 1 - eps^2. Var eps^2 = 2 and Cov(eps, eps^2) = 0 give the rest.
    """
    s, c = np.exp(log_scale), x - 2 * loc
    return np.array(
        [
            [4 * s**2, (c * s) ** 2 + 8 * s**4],
            [(1 / s - 2 * s) ** 2, (c * s) ** 2 + 2 * (1 - 2 * s**2) ** 2],
        ]
    )


ENTRIES = [
    f"Var of the {row} gradient of {column}"
    for row in ("total", "path")
    for column in ("loc", "log_scale")
]
REPLICATES = 1000
NEAR, FAR = (
    (0.5, 2.0),
    (0.4, 3.0),
)  # accepted ratios: no mistake that we know comes out on the edge of either
SHARED = "Every replicate saw the same noise. Draw one epsilon for each."
SWAPPED = "The rows are the wrong way round: the total derivative first, then the path derivative."
KEPT = "Both rows show the total derivative: the score term is still in the second. Hold the parameters in log q constant."
OF_MEAN = "This is the variance of the mean over the replicates. Give that of one estimate."
CHAIN_RULE = "This is the gradient for the scale s, not for log s. The chain rule puts a factor s between them."


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
        came = f"{found.ravel()[worst]:.4g}, a ratio of {np.exp(log_ratio[worst]):.3g}, over {count:,} replicates"
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
            False, expected, came, seen.key if seen else "variance", seen.says if seen else ""
        )

    return two_stages(probe, look, REPLICATES)


def _looks_like(found: np.ndarray, predicted: np.ndarray) -> bool:
    with np.errstate(all="ignore"):
        close = np.abs(np.log(np.maximum(found, 1e-300) / np.maximum(predicted, 1e-300))) < 0.35
    return bool((close | ((found < 1e-12) & (predicted < 1e-12))).all())


@EXERCISE.part("It draws its noise from the generator, and measures", weight=1.5)
def draws_and_measures(probe: Probe, rng: np.random.Generator) -> Finding:
    where, seed = _away(rng), probe.fresh_seed()
    came = [_measure(probe, where, 60, number) for number in (seed, seed, seed + 1)]
    first, again, other = map(as_array, came)
    if first.shape != (2, 2):
        return compare(came[0], np.zeros((2, 2)), what="the table of variances")
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
        ],
        FAR,
    )


@EXERCISE.part("At the posterior: zero for the path derivative")
def path_at_the_posterior(probe: Probe, rng: np.random.Generator) -> Finding:
    x = float(rng.normal())
    came = _measure(probe, (x / 2, -0.5 * np.log(2), x), REPLICATES // 3)
    got = as_array(came)
    if got.shape != (2, 2):
        return compare(came, np.zeros((2, 2)), what="the table of variances")
    return zero(
        got[1],
        what="the variance of the path derivative",
        mistakes=[
            Mistake(
                "rows_swapped",
                SWAPPED,
                lambda row: bool((got[0] < 1e-12).all()) and bool((row > 0.1).all()),
            ),
            Mistake(
                "score_kept",
                KEPT,
                lambda row: bool(
                    (np.abs(np.log(np.maximum(row, 1e-300) / np.maximum(got[0], 1e-300))) < 1).all()
                ),
            ),
            Mistake("sample_detached", SAMPLE_DETACHED, lambda row: bool((row > 0.1).all())),
        ],
    )


@EXERCISE.part("Away from the posterior: all four as the closed forms say")
def away_from_the_posterior(probe: Probe, rng: np.random.Generator) -> Finding:
    where = _away(rng)
    exact = toy_variances(*where)
    s, c = np.exp(where[1]), where[2] - 2 * where[0]
    mean = np.array([c, 1 - 2 * s**2])
    score = np.array([1 / s**2, 2.0])
    return _ratios(
        probe,
        where,
        exact,
        slice(0, 2),
        [
            Mistake("rows_swapped", SWAPPED, exact[::-1]),
            Mistake(
                "transposed",
                "Rows are estimators and columns are parameters; your table has them the other way round.",
                exact.T,
            ),
            Mistake("score_kept", KEPT, np.stack([exact[0], exact[0]])),
            Mistake(
                "standard_deviation",
                "These are standard deviations; variances were asked for.",
                np.sqrt(exact),
            ),
            Mistake(
                "second_moment",
                "These are means of squares: subtract the square of the mean. Only at the posterior is that zero.",
                exact + mean**2,
            ),
            Mistake("variance_of_mean", OF_MEAN, lambda count: exact / count),
            Mistake("scale_gradient", CHAIN_RULE, exact * [1.0, 1 / s**2]),
            Mistake("sample_detached", SAMPLE_DETACHED, np.stack([exact[0], score])),
            Mistake("sample_detached", SAMPLE_DETACHED, np.stack([score, score])),
        ],
    )
