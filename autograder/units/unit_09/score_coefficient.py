"""S6: one family of estimators."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.efficiency import Draws
from autograder.checks.estimates import unbiased
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe, drawn, noise
from autograder.protocol.wire import ref
from autograder.units.shared import NO_MEAN, Arrays, toy_terms
from autograder.units.unit_09.reference import (
    PATH,
    SAMPLE_DETACHED,
    gaussian_params,
    near_the_landing,
    parts,
    replicated,
)

EXERCISE = exercise(
    __name__,
    title="S6: one family of estimators",
    function="score_coefficient",
    points=2,
    difficulty=3,
    importance=4,
    minutes=20,
    read="section 4, One family of estimators: the score coefficient",
    hides=["gradients.path:sticking_the_landing"],
)

FAMILY = [ref("p"), ref("q"), ref("x")]
LEAK = (
    "The parameters leak back into log q: a flow reads its network while log_prob runs, so that detaching its distribution "
    "beforehand is too early. Evaluate the module q itself with constant parameters."
)
REVERSED = "c = 0 gave the total derivative and c = 1 the path: it is the other way round."
SIGN = (
    "The score term came in with the opposite sign: S is minus the gradient of log q at a fixed z."
)


def _coefficient_mistakes(terms: dict[str, np.ndarray], c: float) -> list[Mistake]:
    path, score = terms["path"], terms["score"]
    return [
        Mistake("coefficient_reversed", REVERSED, path + (1 - c) * score),
        Mistake("score_sign", SIGN, path - c * score),
        Mistake(
            "score_added_twice",
            "The score term was added to the total derivative, which holds one already. Start from the path.",
            path + (1 + c) * score,
        ),
        Mistake(
            "path_scaled",
            "c multiplies the path as well. It belongs to the score term alone.",
            c * (path + score),
        ),
        Mistake(
            "path_scaled",
            "This mixes the path away as c grows. The path derivative stays whole; c belongs to the score term.",
            (1 - c) * path + c * score,
        ),
        Mistake("sample_detached", SAMPLE_DETACHED, c * score),
        Mistake(
            "score_through_sample",
            "The score was differentiated through the sample, too. It is the gradient at a z that does not "
            "move: z.detach().",
            path + c * (score + path - terms["model"]),
        ),
        Mistake(
            "entropy_dropped", "The path through z in log q is gone.", terms["model"] + c * score
        ),
    ]


def _at(probe: Probe, problem: str, params: Arrays, eps: np.ndarray, c: float) -> Finding:
    """The gradient at fixed noise; that c has no effect is said where the gradient is the same for three c."""
    at_one, at_minus_one = (
        probe.gradient(problem, params, *FAMILY, eps, other).flat() for other in (1.0, -1.0)
    )
    terms, got = (
        parts(problem, params, eps),
        probe.gradient(problem, params, *FAMILY, eps, c).flat(),
    )
    mistakes = _coefficient_mistakes(terms, c)
    if np.allclose(got, at_one) and np.allclose(got, at_minus_one):
        mistakes = [Mistake("coefficient_ignored", "c has no effect on the gradient.", got)]
    return compare(
        got, terms["path"] + c * terms["score"], mistakes, what=f"the gradient at c = {c:.3g}"
    )


@EXERCISE.part("The value is the ELBO estimate, whatever c is", weight=0.5)
def value(probe: Probe, rng: np.random.Generator) -> Finding:
    """At the first datum q is wide and the noise small, so that this estimate of a bound lies above zero."""
    params, c = gaussian_params(rng, "mean_field"), float(rng.uniform(-1.5, 1.5))
    eps = rng.normal(size=(4, *params["x"].shape))
    for name in ("x", "loc"):
        params[name][0] *= 0.1
    params["log_scale"][0] = rng.uniform(1.5, 2.0, params["log_scale"][0].shape)
    eps[:, 0] *= 0.02
    log_w = toy_terms(**params, eps=eps)["log_w"]
    log_q = -(0.5 * eps**2 + 0.5 * np.log(2 * np.pi) + params["log_scale"]).sum(-1)
    shifts = [log_w - factor * log_q for factor in (c, -c, 1 - c, c - 1)]
    return compare(
        probe.gradient("toy/mean_field", params, *FAMILY, eps, c).value,
        log_w.mean(0),
        what="the value",
        mistakes=[
            *[
                Mistake(
                    "value_shifted",
                    "The score term must add its gradient and no value. Add s - s.detach(), which is zero going forward.",
                    shifted.mean(0),
                )
                for shifted in shifts
            ],
            Mistake(
                "sum_over_samples",
                "The ELBO estimate is the mean over the K samples, not their sum.",
                log_w.sum(0),
            ),
            Mistake(
                "mean_over_batch",
                "You averaged over the batch as well. Average over the samples, axis 0, alone.",
                log_w.mean(),
            ),
            Mistake("no_mean", NO_MEAN, log_w),
        ],
    )


@EXERCISE.part("c = 1, 0 and -1: total, sticking the landing, and the slip of the sign")
def special_coefficients(probe: Probe, rng: np.random.Generator) -> Finding:
    params = gaussian_params(rng, "mean_field")
    eps = rng.normal(size=(4, *params["x"].shape))
    terms = parts("toy/mean_field", params, eps)
    generic = float(
        rng.uniform(0.15, 0.4) * rng.choice([-1, 1])
    )  # where no two mistakes look alike
    finding = _at(probe, "toy/mean_field", params, eps, generic)
    for c in (1.0, 0.0, -1.0, 2.5):
        if not finding.ok:
            return finding
        got = probe.gradient("toy/mean_field", params, *FAMILY, eps, c).flat()
        finding = compare(
            got, terms["path"] + c * terms["score"], what=f"the gradient at c = {c:.3g}"
        )
    if not finding.ok:
        return finding
    return Finding(True, "three gradients at c = 1, 0, -1", "all three agree")


@EXERCISE.part("Any c, a full covariance and a flow: path + c S at fixed noise")
def any_coefficient(probe: Probe, rng: np.random.Generator) -> Finding:
    params, c = (
        gaussian_params(rng, "full_rank"),
        float(rng.uniform(0.15, 0.4) * rng.choice([-1, 1])),
    )
    eps = rng.normal(size=(4, *params["x"].shape))
    finding = _at(probe, "toy/full_rank", params, eps, c)
    if not finding.ok:
        return finding
    flow = {
        "x": rng.normal(size=(3, 1)),
        "seed": np.array(int(rng.integers(10**6))),
        "nudge": np.array(0.2),
    }
    eps = rng.normal(size=(4, 3, 2))
    got = probe.gradient("own/flow", flow, *FAMILY, eps, c)
    terms = parts("own/flow", flow, eps, got.seed)
    leak = Mistake("score_leaks", LEAK, terms["path"] + terms["score"])
    return compare(
        got.flat(),
        terms["path"] + c * terms["score"],
        [leak, *_coefficient_mistakes(terms, c)],
        what=f"the gradient for a flow, at c = {c:.3g}",
    )


@EXERCISE.part("Unbiased for every c", weight=0.5)
def mean_gradient(probe: Probe, rng: np.random.Generator) -> Finding:
    c, (one, exact) = float(rng.uniform(0.7, 1.2) * rng.choice([-1, 1])), near_the_landing(rng)

    def draw(count: int) -> Draws:
        params, eps = replicated(one, count), noise((1, count, 1), probe.fresh_seed())
        terms = toy_terms(**params, eps=drawn(eps))
        got = probe.gradient("toy/mean_field", params, *FAMILY, eps, c).flat(count)
        asked = {"path + c S": terms["path"] + c * terms["score"]}
        return Draws(got, asked, {PATH: terms["path"]})

    return unbiased(
        probe,
        draw,
        exact,
        names=["loc", "log_scale"],
        mistakes=[
            Mistake(
                "sample_detached",
                "On average your gradient is zero: nothing but the score term is left of it.",
                np.zeros(2),
            ),
        ],
    )
