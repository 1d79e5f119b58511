"""Checks of unit 06: the ELBO with entropy and KL by formula, and S5, where both variances are predicted on a quadratic."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.checks.compare import Finding, Mistake, compare, holds
from autograder.checks.probe import Probe
from autograder.checks.registry import part
from autograder.checks.unit_06_reference import hermite, logcosh_terms, quadratic_variances, random_toy
from autograder.checks.unit_09_reference import LOG_2PI, as_array, toy_terms

WAYS = "06_three_ways"
PREDICTED = "06_predicted_variances"

PRIOR_TWICE = "The prior is counted twice: log p(x, z) holds it already, and the KL holds it again. The KL goes with log p(x | z)."
KL_SIGN = "The KL was added. It is the price of moving away from the prior: subtract it."
ENTROPY_SIGN = "The entropy was subtracted. The ELBO is E log p plus the entropy."
DETACHED = "A part has no gradient: was the sample detached, or the formula computed from constants?"


def _rows(params: dict[str, np.ndarray], eps: np.ndarray, model: str = "toy") -> dict[str, np.ndarray]:
    """The pieces of the three estimates, each ``(*B)``."""
    loc, log_scale, x = params["loc"], params["log_scale"], params["x"]
    z = loc + np.exp(log_scale) * eps
    log_prior = -0.5 * z**2 - 0.5 * LOG_2PI
    log_likelihood = -0.5 * (x - z) ** 2 - 0.5 * LOG_2PI if model == "toy" else -np.log(np.cosh(x - z))
    log_q = -0.5 * eps**2 - 0.5 * LOG_2PI - log_scale
    s2 = np.exp(2 * log_scale)
    return {"prior": log_prior.sum(-1).mean(0), "likelihood": log_likelihood.sum(-1).mean(0), "log_q": log_q.sum(-1).mean(0),
            "entropy": (0.5 * LOG_2PI + 0.5 + log_scale).sum(-1),
            "kl": 0.5 * (s2 + loc**2 - 1 - 2 * log_scale).sum(-1),
            "variance_kl": 0.5 * (np.exp(log_scale) + loc**2 - 1 - log_scale).sum(-1),
            "other_kl": 0.5 * ((1 + loc**2) / s2 - 1 + 2 * log_scale).sum(-1)}


def _three(r: dict[str, np.ndarray]) -> np.ndarray:
    joint = r["prior"] + r["likelihood"]
    return np.stack([joint - r["log_q"], joint + r["entropy"], r["likelihood"] - r["kl"]])


def _row_mistakes(r: dict[str, np.ndarray], dim: int) -> list[Mistake]:
    right, joint = _three(r), r["prior"] + r["likelihood"]

    def with_row(index: int, row: np.ndarray) -> np.ndarray:
        return np.stack([row if place == index else right[place] for place in range(3)])

    return [
        Mistake("entropy_sign", ENTROPY_SIGN, with_row(1, joint - r["entropy"])),
        Mistake("entropy_constant", "The entropy of a normal is log s + (1 + log 2 pi) / 2 for each coordinate: the 1/2 is missing.",
                with_row(1, joint + r["entropy"] - 0.5 * dim)),
        Mistake("entropy_constant", "The entropy of a normal is log s + (1 + log 2 pi) / 2 for each coordinate: its constant is missing.",
                with_row(1, joint + r["entropy"] - 0.5 * dim - 0.5 * dim * LOG_2PI)),
        Mistake("kl_sign", KL_SIGN, with_row(2, r["likelihood"] + r["kl"])),
        Mistake("prior_twice", PRIOR_TWICE, with_row(2, joint - r["kl"])),
        Mistake("kl_reversed", "This is KL(p || q), the other way round.", with_row(2, r["likelihood"] - r["other_kl"])),
        Mistake("rows_swapped", "Rows 2 and 3 are exchanged: all sampled, then the entropy, then the KL by formula.", right[[0, 2, 1]]),
        Mistake("mean_over_batch", "You averaged over the batch as well. Average over the samples, axis 0, alone.", right.mean(-1)),
        Mistake("not_stacked", "The three estimates stand one after the other, or along the last axis. Stack them along a new first one: "
                "torch.stack([...]).", right.T),
        Mistake("not_stacked", "Three estimates in one long row. Stack them along a new first axis: torch.stack([...]).", right.ravel()),
        Mistake("variance_as_scale", "In the KL, exp(log_scale) was used as the variance. It is the standard deviation: the variance is "
                "exp(2 log_scale).", with_row(2, r["likelihood"] - r["variance_kl"])),
        Mistake("mean_over_coordinates", "Entropy and KL of a vector are sums over its coordinates, not means.",
                np.stack([right[0], joint + r["entropy"] / dim, r["likelihood"] - r["kl"] / dim])),
    ]


@part(WAYS, "Three values at fixed noise", weight=1.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params, eps = random_toy(rng)
    rows = _rows(params, eps)
    got = probe.drive("three_ways/rows", **params, eps=eps, model="toy")["value"]
    return compare(got, _three(rows), what="the three estimates", mistakes=_row_mistakes(rows, 2))


@part(WAYS, "The same for a likelihood that is not Gaussian", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params, eps = random_toy(rng)
    rows = _rows(params, eps, "logcosh")
    got = probe.drive("three_ways/rows", **params, eps=eps, model="logcosh")["value"]
    return compare(got, _three(rows), what="the three estimates", mistakes=_row_mistakes(rows, 2))


@part(WAYS, "Three gradients at fixed noise", weight=1.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    for model in ("toy", "logcosh"):
        params, eps = random_toy(rng)
        loc, log_scale = params["loc"], params["log_scale"]
        s = np.exp(log_scale)
        z = loc + s * eps
        terms = (toy_terms if model == "toy" else logcosh_terms)(**params, eps=eps)
        entropy = np.concatenate([np.zeros_like(loc), np.ones_like(loc)], -1)
        prior = np.concatenate([-z.mean(0), (-z * s * eps).mean(0)], -1)
        kl = np.concatenate([loc, s**2 - 1], -1)
        total = terms["model"] + entropy
        right = np.stack([total, total, terms["model"] - prior - kl])
        got = probe.drive("three_ways/rows", **params, eps=eps, model=model)["slopes"]
        if isinstance(got, np.ndarray) and got.shape == (0,):
            return holds(False, "three rows in one tensor, (3, B)", "three things that are not", "not_stacked",
                         "The rows are asked in one tensor, stacked along a new first axis: torch.stack([...]).")
        finding = compare(got, right, what="the gradients", mistakes=[
            Mistake("row_detached", DETACHED, np.stack([total, terms["model"], right[2]])),
            Mistake("row_detached", DETACHED, np.stack([total, total, right[2] + kl])),
            Mistake("row_detached", DETACHED, np.zeros_like(right)),
            Mistake("score_dropped", "In the first row the parameters are held constant inside log q. Freeze nothing here.",
                    np.stack([terms["path"], total, right[2]])),
            Mistake("sample_detached", "The sample was detached, or drawn without a graph.", np.stack([terms["score"], entropy, -kl])),
            Mistake("kl_sign", KL_SIGN, np.stack([total, total, right[2] + 2 * kl])),
            Mistake("prior_twice", PRIOR_TWICE, np.stack([total, total, right[2] + prior])),
            Mistake("entropy_sign", ENTROPY_SIGN, np.stack([total, total - 2 * entropy, right[2]])),
        ])
        if not finding.ok:
            return finding
    return finding


# ------------------------------------------------------------------ S5: both variances on a quadratic

PATH, SCORE, BASELINE = 0, 1, 2
SAMPLED = "Two calls gave two answers: this is a measurement. Predict, on paper or by an exact rule, and measure afterwards."


def _four(rng: np.random.Generator) -> tuple[float, float, float, float]:
    """a, b, m, s, away from the places where two mistakes look alike."""
    a, b, m = (float(rng.uniform(0.6, 1.6) * rng.choice([-1, 1])) for _ in range(3))
    return a, b, m, float(rng.choice([rng.uniform(0.4, 0.75), rng.uniform(1.4, 2.2)]))


def _table(probe: Probe, where: tuple[float, float, float, float], row: int) -> tuple[np.ndarray, Finding | None]:
    came, again = (probe.value(*where) for _ in range(2))
    table = as_array(came)
    if table.shape != (3, 2):
        turned = table.shape == (2, 3)
        return table, compare(came, np.zeros((3, 2)), what="the table of variances", mistakes=[
            Mistake("transposed", "The table is transposed: rows are the three estimators, columns m and log s.", lambda got: turned)])
    if not np.array_equal(table[row], as_array(again)[row], equal_nan=True):
        return table, holds(False, "the same variances at the same place", "other numbers each time", "sampled", SAMPLED)
    return table, None


def _row_check(probe: Probe, rng: np.random.Generator, row: int, mistakes: Any) -> Finding:
    finding = Finding(True)
    for where in (_four(rng), _four(rng), (0.0, *_four(rng)[1:])):
        table, odd = _table(probe, where, row)
        if odd is not None:
            return odd
        exact = quadratic_variances(*where)
        common = [
            Mistake("standard_deviation", "These are standard deviations; variances were asked for.", np.sqrt(exact[row])),
            Mistake("scale_gradient", "The second column is the gradient of s, not of log s. The chain rule puts a factor s between them.",
                    exact[row] / [1.0, where[3] ** 2]),
            Mistake("rows_swapped", "The rows stand in another order: pathwise, score function, score function with baselines.",
                    lambda got, exact=exact: any(np.allclose(got, exact[other], rtol=1e-5) for other in range(3) if other != row)),
            Mistake("second_moment", "These are means of squares: subtract the square of the mean gradient.",
                    exact[row] + _means(*where) ** 2),
            *[Mistake("rule_too_short", f"These are the sums of a Gauss-Hermite rule with {points} points. The square of f times "
                      "eps squared has degree 8 in eps, and n points are exact up to degree 2n - 1: take 5 or more.",
                      _by_rule(*where, points)[row]) for points in (2, 3, 4)],
        ]
        if not np.isfinite(table[row]).all() and where[0] == 0:
            return compare(table[row], exact[row], what="the row at a = 0, a straight line")
        finding = compare(table[row], exact[row], [*mistakes(where, exact), *common],
                          what=f"the row at (a, b, m, s) = {np.round(where, 2)}")
        if not finding.ok:
            return finding
    return finding


def _by_rule(a: float, b: float, m: float, s: float, points: int) -> np.ndarray:
    """The table as a Gauss-Hermite rule with so many points gives it."""
    e, weight = hermite(points)
    z = m + s * e
    f, scores = a * z**2 / 2 + b * z, np.stack([e / s, e**2 - 1])
    square = (weight * scores**2).sum(-1)
    with np.errstate(all="ignore"):
        best = (weight * f * scores**2).sum(-1) / square
    rows = np.stack([np.stack([a * z + b, (a * z + b) * s * e]), f * scores, (f - best[:, None]) * scores])
    table: np.ndarray = (weight * rows**2).sum(-1) - (weight * rows).sum(-1) ** 2
    return table


def _means(a: float, b: float, m: float, s: float) -> np.ndarray:
    return np.array([a * m + b, a * s**2])


@part(PREDICTED, "Pathwise: for m, and for log s")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    def mistakes(where: tuple[float, float, float, float], exact: np.ndarray) -> list[Mistake]:
        a, b, m, s = where
        v2, w2 = (s * (a * m + b)) ** 2, (a * s**2) ** 2
        return [Mistake("moments", "Var(eps squared) is 3 - 1 = 2 for a standard normal.", np.array([exact[0, 0], v2 + extra * w2]))
                for extra in (1, 3)]

    return _row_check(probe, rng, PATH, mistakes)


@part(PREDICTED, "Score function: for m, and for log s")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    def mistakes(where: tuple[float, float, float, float], exact: np.ndarray) -> list[Mistake]:
        a, b, m, s = where
        centred = quadratic_variances(*where, shift=(0.0, 0.0))[2]
        return [Mistake("level_forgotten", "The constant f(m) is missing. It has no gradient, but here it multiplies noise.",
                        centred)]

    return _row_check(probe, rng, SCORE, mistakes)


@part(PREDICTED, "Score function with the best constant baselines")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    def mistakes(where: tuple[float, float, float, float], exact: np.ndarray) -> list[Mistake]:
        a, _, _, s = where
        w = a * s**2 / 2
        return [
            Mistake("baseline_is_mean", "This takes the mean of f for a baseline. The best constant weights f by the squared score: "
                    "E[f S squared] / E[S squared].", quadratic_variances(*where, shift=(w, w))[2]),
            Mistake("one_baseline", "One baseline serves both columns here. Each gradient has a score, and so a best baseline, of "
                    "its own.", quadratic_variances(*where, shift=(3 * w, 3 * w))[2]),
            Mistake("one_baseline", "One baseline serves both columns here. Each gradient has a best baseline of its own.",
                    quadratic_variances(*where, shift=(5 * w, 5 * w))[2]),
            Mistake("baseline_at_centre", "This subtracts f(m). The best baseline is higher by a multiple of a s squared.",
                    quadratic_variances(*where, shift=(0.0, 0.0))[2]),
        ]

    return _row_check(probe, rng, BASELINE, mistakes)
