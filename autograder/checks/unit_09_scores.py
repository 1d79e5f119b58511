"""Checks of unit 09, S6: one family of unbiased estimators, and the best of them."""

from __future__ import annotations

import numpy as np

from autograder.checks.registry import part
from autograder.checks.unit_09_reference import SAMPLE_DETACHED, as_array, gaussian_params, parts, replicated, toy_start, toy_terms
from autograder.evidence import Finding, Mistake, compare, unbiased, zero
from autograder.probes import Probe, noise
from autograder.wire import ref

COEFFICIENT = "09_score_coefficient"
BEST = "09_best_coefficient"
FAMILY = [ref("p"), ref("q"), ref("x")]
REVERSED = "c = 0 gave the total derivative and c = 1 the path: it is the other way round."
SIGN = "The score term came in with the opposite sign: S is minus the gradient of log q at a fixed z."
FROM_TOTAL = "At the posterior the path derivative is zero by itself, so c = 0. You measured c from the total."
ZERO_OVER_ZERO = "Zero over zero: divide by the variance of the score, which never vanishes."


def _coefficient_mistakes(terms: dict[str, np.ndarray], c: float) -> list[Mistake]:
    path, score = terms["path"], terms["score"]
    return [
        Mistake("coefficient_reversed", REVERSED, path + (1 - c) * score),
        Mistake("score_sign", SIGN, path - c * score),
        Mistake("score_added_twice", "The score term was added to the total derivative, which holds one already. Start from the path.",
                path + (1 + c) * score),
        Mistake("coefficient_ignored", "c has no effect on the gradient.", path),
        Mistake("coefficient_ignored", "c has no effect on the gradient, which is the total one.", path + score),
        Mistake("path_scaled", "c multiplies the path as well. It belongs to the score term alone.", c * (path + score)),
        Mistake("path_scaled", "This mixes the path away as c grows. The path derivative stays whole; c belongs to the score term.",
                (1 - c) * path + c * score),
        Mistake("sample_detached", SAMPLE_DETACHED, c * score),
        Mistake("score_through_sample", "The score was differentiated through the sample, too. It is the gradient at a z that does not "
                "move: z.detach().", path + c * (score + path - terms["model"])),
        Mistake("entropy_dropped", "The path through z in log q is gone.", terms["model"] + c * score),
    ]


@part(COEFFICIENT, "The value is the ELBO estimate, whatever c is", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params, c = gaussian_params(rng, "mean_field"), float(rng.uniform(-1.5, 1.5))
    eps = rng.normal(size=(4, *params["x"].shape))
    log_w = toy_terms(**params, eps=eps)["log_w"]
    log_q = -(0.5 * eps**2 + 0.5 * np.log(2 * np.pi) + params["log_scale"]).sum(-1)
    shifts = [log_w - factor * log_q for factor in (c, -c, 1 - c, c - 1)]
    return compare(probe.gradient("toy/mean_field", params, *FAMILY, eps, c).value, log_w.mean(0), what="the value", mistakes=[
        *[Mistake("value_shifted", "The score term must add its gradient and no value. Add s - s.detach(), which is zero going forward.",
                  shifted.mean(0)) for shifted in shifts],
        Mistake("sum_over_samples", "The ELBO estimate is the mean over the K samples, not their sum.", log_w.sum(0)),
        Mistake("mean_over_batch", "You averaged over the batch as well. Average over the samples, axis 0, alone.", log_w.mean()),
        Mistake("no_mean", "You returned one number per sample. Average over the K samples, axis 0.", log_w),
    ])


@part(COEFFICIENT, "c = 1, 0 and -1: total, sticking the landing, and the slip of the sign")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params = gaussian_params(rng, "mean_field")
    eps = rng.normal(size=(4, *params["x"].shape))
    terms = toy_terms(**params, eps=eps)
    generic = float(rng.uniform(0.15, 0.4) * rng.choice([-1, 1]))       # where no two mistakes look alike
    for c in (generic, 1.0, 0.0, -1.0):
        got = probe.gradient("toy/mean_field", params, *FAMILY, eps, c).flat(len(params["x"]))
        mistakes = _coefficient_mistakes(terms, c) if c == generic else []
        finding = compare(got, terms["path"] + c * terms["score"], mistakes, what=f"the gradient at c = {c:.3g}")
        if not finding.ok:
            return finding
    return Finding(True, "three gradients at c = 1, 0, -1", "all three agree")


@part(COEFFICIENT, "Any c, a full covariance: path + c S at fixed noise")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params, c = gaussian_params(rng, "full_rank"), float(rng.uniform(0.15, 0.4) * rng.choice([-1, 1]))
    eps = rng.normal(size=(4, *params["x"].shape))
    terms = parts("toy/full_rank", params, eps)
    got = probe.gradient("toy/full_rank", params, *FAMILY, eps, c).flat()
    return compare(got, terms["path"] + c * terms["score"], _coefficient_mistakes(terms, c), what=f"the gradient at c = {c:.3g}")


@part(COEFFICIENT, "Unbiased for every c", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    c, (one, exact) = float(rng.uniform(0.7, 1.2) * rng.choice([-1, 1])), toy_start(rng)

    def draw(count: int) -> np.ndarray:
        return probe.gradient("toy/mean_field", replicated(one, count), *FAMILY, noise((1, count, 1), probe.fresh_seed()), c).flat(count)

    return unbiased(probe, draw, exact, names=["loc", "log_scale"], mistakes=[
        Mistake("sample_detached", "On average your gradient is zero: nothing but the score term is left of it.", np.zeros(2)),
        Mistake("path_scaled", "On average your gradient is c times the right one: c multiplies the path too.", c * exact),
        Mistake("path_scaled", "On average your gradient is 1 - c times the right one: c multiplies the path too.", (1 - c) * exact)])


# ------------------------------------------------------------------ S6: the best coefficient

def _samples(rng: np.random.Generator, count: int, c: float, scales: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One-sample path derivatives and score terms of loc on the toy, one column for each scale, ``(count, len(scales))``."""
    eps = rng.normal(size=(count, 1))
    return c + (1 / scales - 2 * scales) * eps, -eps / scales


@part(BEST, "The coefficient that makes the sample variance smallest", weight=1.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    mix, shift = rng.normal(size=(3, 3)), rng.uniform(1, 3, (2, 3))
    score = rng.normal(size=(40, 3)) * rng.uniform(0.5, 2, 3) + shift[0]
    path = score @ mix + rng.normal(size=(40, 3)) + shift[1]
    centred = path - path.mean(0), score - score.mean(0)
    cross, squares = (centred[0] * centred[1]).mean(0), (centred[1] ** 2).mean(0)
    best = -cross / squares
    rows = len(path)
    return compare(probe.value(path, score), best, what="the best coefficients", mistakes=[
        Mistake("sign", "The sign is wrong: with this c the variance grows. Differentiate Var(path + c score) in c once more.", -best),
        Mistake("inverted", "This divides by the variance of the path. The parabola in c has Var(score) in front of c².",
                -cross / (centred[0] ** 2).mean(0)),
        Mistake("correlation", "This is a correlation. Divide the covariance by the variance of the score, not by two standard deviations.",
                -cross / np.sqrt(squares * (centred[0] ** 2).mean(0))),
        Mistake("correlation", "This is a correlation. Divide the covariance by the variance of the score, not by two standard deviations.",
                cross / np.sqrt(squares * (centred[0] ** 2).mean(0))),
        Mistake("uncentred", "Means of products were used as they are. A covariance subtracts the means first.",
                -(path * score).mean(0) / (score**2).mean(0)),
        Mistake("uncentred", "The mean of path * score is no covariance yet: subtract the product of their means.",
                -(path * score).mean(0) / score.var(0, ddof=1)),
        Mistake("uncentred", "The mean of path * score is no covariance yet: subtract the product of their means.",
                -(path * score).mean(0) / squares),
        Mistake("pooled_means", "The mean of all numbers was subtracted. Each parameter has a mean of its own: axis 0.",
                -((path - path.mean()) * (score - score.mean())).sum(0) / ((score - score.mean()) ** 2).sum(0)),
        Mistake("total_in_place_of_path", "This is the best factor for total = path + score. Measure c from the path: add one.",
                best - 1),
        Mistake("pooled", "One number for all parameters: each parameter has a best c of its own.", -cross.sum() / squares.sum()),
        Mistake("pooled", "One number for all parameters: each parameter has a best c of its own.",
                np.full(3, -cross.sum() / squares.sum())),
        Mistake("ddof_mixed", "The covariance and the variance divide by different numbers (R and R - 1). Use the same in both.",
                best * rows / (rows - 1)),
        Mistake("ddof_mixed", "The covariance and the variance divide by different numbers (R and R - 1). Use the same in both.",
                best * (rows - 1) / rows),
    ])


@part(BEST, "At the posterior it is exactly zero: nothing is left to cancel", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    path, score = _samples(rng, 200, 0.0, np.array([0.5**0.5]))
    came = probe.value(path, score)
    if as_array(came).shape != (1,):
        return compare(came, np.zeros(1), what="the best coefficient")
    return zero(as_array(came), what="the best coefficient at the posterior", mistakes=[
        Mistake("total_in_place_of_path", FROM_TOTAL,
                np.array([-1.0])),
        Mistake("total_in_place_of_path", FROM_TOTAL,
                np.array([1.0])),
        Mistake("not_finite", ZERO_OVER_ZERO,
                lambda got: bool(np.isnan(got).any()))])


@part(BEST, "On the toy it is 1 - 2s² for loc, for any x and m")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    scales = np.array([rng.uniform(0.2, 0.5), rng.uniform(0.8, 0.95), 1.0, rng.uniform(1.1, 1.5)])
    path, score = _samples(rng, 500, float(rng.uniform(1, 3)), scales)
    exact = 1 - 2 * scales**2
    return compare(probe.value(path, score), exact, what="the best coefficients at four scales", mistakes=[
        Mistake("sign", "The sign is wrong: with this c the variance grows. Differentiate Var(path + c score) in c once more.", -exact),
        Mistake("inverted", "This divides by the variance of the path. The parabola in c has Var(score) in front of c².", 1 / exact),
        Mistake("correlation", "This is a correlation. Divide the covariance by the variance of the score.",
                lambda got: bool(np.allclose(np.abs(got), 1))),
        Mistake("total_in_place_of_path", "This is the best factor for the total derivative. Measure c from the path: add one.", exact - 1),
    ])
