"""The path derivative of a Gaussian."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import compare, zero
from autograder.checks.efficiency import Draws
from autograder.checks.estimates import unbiased
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe, drawn, noise
from autograder.protocol.wire import ref
from autograder.units.shared import NO_MEAN, toy_terms
from autograder.units.unit_09.reference import (
    ENTROPY_DROPPED,
    ENTROPY_LOST,
    SAMPLE_DETACHED,
    SCORE_KEPT,
    SCORE_SIGN,
    gaussian_params,
    near_the_landing,
    path_and_total,
    replicated,
)

EXERCISE = exercise(
    __name__,
    title="The path derivative of a Gaussian",
    function="gaussian_path_derivative",
    points=2,
    difficulty=2,
    importance=5,
    minutes=20,
    read="section 2, The gradient in three parts",
    hides=["gradients.path:sticking_the_landing", "gradients.path:doubly_reparametrized"],
)

TOY = [ref("p"), ref("loc"), ref("log_scale"), ref("x")]


def _inputs(rng: np.random.Generator) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Of the data the first has a q far narrower than any posterior, the second one far wider."""
    params = gaussian_params(rng, "mean_field")
    shape = params["log_scale"][0].shape
    params["log_scale"][0] = rng.uniform(-7.5, -6.5, shape)
    params["log_scale"][1] = rng.uniform(2.5, 3.0, shape)
    return params, rng.normal(size=(4, *params["x"].shape))


@EXERCISE.part("The value is the ELBO estimate, one number per datum")
def value(probe: Probe, rng: np.random.Generator) -> Finding:
    params, eps = _inputs(rng)
    log_w = toy_terms(**params, eps=eps)["log_w"]
    log_scale = params["log_scale"]

    def with_scale(s: np.ndarray) -> np.ndarray:
        """log w averaged, if both the sample and the density used this standard deviation."""
        shifted = {**params, "log_scale": np.log(np.abs(s))}
        return toy_terms(**shifted, eps=eps * np.sign(s))["log_w"].mean(0)

    reply = probe.gradient("toy/mean_field", params, *TOY, eps)
    return compare(
        reply.value,
        log_w.mean(0),
        what="the value",
        mistakes=[
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
            Mistake(
                "sum_over_batch",
                "You added up the batch as well. Keep one number per datum.",
                log_w.mean(0).sum(),
            ),
            Mistake("no_mean", NO_MEAN, log_w),
            Mistake(
                "log_scale_as_scale",
                "log_scale was used as the standard deviation itself. Take its exponential first.",
                with_scale(log_scale),
            ),
            Mistake(
                "variance_as_scale",
                "exp(log_scale) was used as the variance. It is the standard deviation.",
                with_scale(np.exp(log_scale / 2)),
            ),
        ],
    )


@EXERCISE.part("The gradient at fixed noise is the path derivative", weight=2)
def gradient(probe: Probe, rng: np.random.Generator) -> Finding:
    params, eps = _inputs(rng)
    terms = toy_terms(**params, eps=eps)
    got = probe.gradient("toy/mean_field", params, *TOY, eps).flat(len(params["x"]))
    of_loc = np.arange(terms["path"].shape[-1]) < params["loc"].shape[-1]  # loc stands first
    return compare(
        got,
        terms["path"],
        what="the gradient",
        mistakes=[
            Mistake(
                "half_frozen",
                "log_scale is still alive inside log q. Hold both of its parameters constant there.",
                terms["path"] + ~of_loc * terms["score"],
            ),
            Mistake(
                "half_frozen",
                "loc is still alive inside log q. Hold both of its parameters constant there.",
                terms["path"] + of_loc * terms["score"],
            ),
            Mistake(
                "half_cut",
                "loc gets no gradient: it was detached inside z. There both parameters must be alive.",
                ~of_loc * terms["path"],
            ),
            Mistake(
                "half_cut",
                "log_scale gets no gradient: it was detached inside z. There both parameters must be alive.",
                of_loc * terms["path"],
            ),
            Mistake(
                "wrong_one_frozen",
                "In log q you held z constant and left the parameters alive: it is the other way round.",
                terms["model"] + terms["score"],
            ),
            Mistake("score_kept", SCORE_KEPT, terms["path"] + terms["score"]),
            Mistake("sample_detached", SAMPLE_DETACHED, np.zeros_like(terms["path"])),
            Mistake("sample_detached", SAMPLE_DETACHED, terms["score"]),
            Mistake("score_sign", SCORE_SIGN, terms["path"] - terms["score"]),
            Mistake("entropy_dropped", ENTROPY_DROPPED, terms["model"]),
        ],
    )


@EXERCISE.part("On average it is the gradient of the ELBO")
def mean_gradient(probe: Probe, rng: np.random.Generator) -> Finding:
    one, exact = near_the_landing(rng)

    def draw(count: int) -> Draws:
        eps = noise((2, count, 1), probe.fresh_seed())
        params = replicated(one, count)
        terms = toy_terms(**params, eps=drawn(eps))
        got = probe.gradient("toy/mean_field", params, *TOY, eps).flat(count)
        return path_and_total(got, terms)

    return unbiased(
        probe,
        draw,
        exact,
        names=["loc", "log_scale"],
        mistakes=[
            Mistake(
                "sample_detached",
                "On average your gradient is zero: the path through the sample is missing.",
                np.zeros(2),
            ),
            Mistake("entropy_dropped", ENTROPY_LOST, exact - np.array([0.0, 1.0])),
        ],
    )


@EXERCISE.part("It vanishes at the posterior, for every draw", needs=["gradient"])
def zero_at_the_posterior(probe: Probe, rng: np.random.Generator) -> Finding:
    x = rng.normal(size=(5, 1))
    params = {"loc": x / 2, "log_scale": np.full_like(x, -0.5 * np.log(2)), "x": x}
    eps = rng.normal(size=(3, 5, 1))
    terms = toy_terms(**params, eps=eps)
    got = probe.gradient("toy/mean_field", params, *TOY, eps)
    if not np.any(got.flat()) and len(got.unused) == len(
        got.gradient
    ):  # no gradient at all is no landing
        return Finding(
            False,
            "a gradient that reaches the parameters and cancels",
            "no path to any parameter",
            "sample_detached",
            SAMPLE_DETACHED,
        )
    return zero(
        got.flat(len(x)),
        mistakes=[
            Mistake("score_kept", SCORE_KEPT, terms["score"]),
            Mistake("score_sign", SCORE_SIGN, -terms["score"]),
            Mistake("entropy_dropped", ENTROPY_DROPPED, terms["model"]),
        ],
    )
