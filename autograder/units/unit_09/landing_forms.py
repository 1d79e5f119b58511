"""The variances on the toy in closed form, and what each mistake makes of the table."""

from __future__ import annotations

import numpy as np

from autograder.checks.finding import Finding, Mistake
from autograder.units.unit_09.reference import SAMPLE_DETACHED

MEAN_BAND, SCATTER_BAND = 0.4, 0.8  # how far in the logarithm many tables may lie off
SHARED = "Every replicate saw the same noise. Draw one epsilon for each."
SWAPPED = "The rows are the wrong way round: the total derivative first, then the path derivative."
KEPT = "The score term is still in the second row. Hold the parameters in log q constant there."
OF_MEAN = "This is the variance of the mean over the replicates. Give that of one estimate."
CHAIN_RULE = "This is the gradient for the scale s, not for log s. The chain rule puts a factor s between them."


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


def without_prior(loc: float, log_scale: float, x: float) -> np.ndarray:
    """The same table for a model without its prior: the path derivative is d + (1/s - s) eps with d = x - loc."""
    s, d = np.exp(log_scale), x - loc
    return np.array(
        [
            [s**2, (d * s) ** 2 + 2 * s**4],
            [(1 / s - s) ** 2, (d * s) ** 2 + 2 * (1 - s**2) ** 2],
        ]
    )


def mistakes_away(loc: float, log_scale: float, x: float) -> list[Mistake]:
    """What each mistake makes of the table away from the posterior."""
    exact, s, c = toy_variances(loc, log_scale, x), np.exp(log_scale), x - 2 * loc
    mean = np.array([c, 1 - 2 * s**2])
    score = np.array([1 / s**2, 2.0])
    return [
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
        Mistake(
            "prior_forgotten",
            "These are the variances for log p(x | z) alone: the prior of z is missing from the model.",
            without_prior(loc, log_scale, x),
        ),
    ]


def judged_tables(tables: np.ndarray, variance: np.ndarray, few: int) -> tuple[float, Finding]:
    """Many tables of so few replicates: their mean tells R - 1 from R, their scatter how many replicates there were."""
    count = len(tables)
    scaled = tables[:, :, 0] / variance
    mean, scatter = scaled.mean(0), scaled.var(0, ddof=1) * (few - 1) / 2
    off, spread = np.abs(np.log(mean)).max() / MEAN_BAND, np.abs(np.log(scatter + 1e-300)).max()
    actual = f"{mean.max():.3g} times the variance on average, and {scatter.max():.3g} times the scatter, over {count:,} tables"
    key, hint = "variance", ""
    if np.allclose(mean, 1 - 1 / few, rtol=0.2):
        key, hint = "divided_by_r", "The sum of squares is divided by R. The formula has R - 1."
    elif off <= 1 and (scatter < 0.5).all():
        key, hint = (
            "more_replicates",
            "Right on average, and steadier than R = 2 can be: the number of replicates is another one than asked for.",
        )
    elif np.allclose(mean, 2, rtol=0.25):
        key, hint = (
            "not_independent",
            "Twice the variance: with R = 2 that is what two noises of opposite sign give. Draw independent ones.",
        )
    return float(max(off, spread / SCATTER_BAND)), Finding(
        False,
        f"with R = {few}, on average the variance itself, and the scatter of R = {few}",
        actual,
        key,
        hint,
    )
