"""The pathwise gradient of the ELBO."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.efficiency import Draws, measured
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.protocol.wire import ref
from autograder.units.shared import NO_MEAN, toy_start, toy_terms
from autograder.units.unit_06.reference import (
    DETACHED,
    DIM,
    HALF_LOG_2PI,
    draws_own_noise,
    hermite,
    logcosh_terms,
    random_toy,
)

EXERCISE = exercise(
    __name__,
    title="The pathwise gradient of the ELBO",
    function="pathwise_elbo",
    points=2,
    difficulty=2,
    importance=5,
    minutes=20,
    read="section 3, The pathwise gradient",
    hides=["gradients.path:reparametrized"],
)

TOY = [ref("p"), ref("loc"), ref("log_scale"), ref("x")]
NEGATIVE = (
    "The sign is turned: this is a loss. Return the bound itself; whoever optimizes turns the sign."
)
ENTROPY_DROPPED = (
    "The path through log q is cut: log q was detached, or evaluated at a detached z. So the entropy pulls no more, and q "
    "would shrink to a point. Freeze nothing."
)
SCORE_DROPPED = (
    "Unbiased, but not what was asked: the parameters were held constant inside log q. That is sticking the landing, unit 09. "
    "Here, freeze nothing."
)
SCORE_LEFT = (
    "z stands still: what is left is the gradient of -log q at a fixed z, whose mean is zero (unit 03). "
    + DETACHED
)


@EXERCISE.part("The value is the ELBO estimate, one number per datum")
def value(probe: Probe, rng: np.random.Generator) -> Finding:
    params, eps = random_toy(rng)
    log_w = toy_terms(**params, eps=eps)["log_w"]
    log_q = (-0.5 * eps**2 - HALF_LOG_2PI - params["log_scale"]).sum(-1)
    actual, again = (probe.gradient("toy/mean_field", params, *TOY, eps).value for _ in range(2))
    return draws_own_noise(probe, actual, again) or compare(
        actual,
        log_w.mean(0),
        what="the value",
        mistakes=[
            Mistake("negative", NEGATIVE, -log_w.mean(0)),
            Mistake(
                "log_of_mean",
                "This is the logarithm of the mean weight, another bound. The ELBO is the mean of the logarithms.",
                np.logaddexp.reduce(log_w, 0) - np.log(len(log_w)),
            ),
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
            Mistake(
                "entropy_missing",
                "This is the average of log p alone. Subtract log q.",
                (log_w + log_q).mean(0),
            ),
            Mistake(
                "entropy_sign",
                "log q came in with a plus. The log weight is log p - log q.",
                (log_w + 2 * log_q).mean(0),
            ),
        ],
    )


@EXERCISE.part("The gradient at fixed noise, on the toy", weight=1.5)
def gradient_on_the_toy(probe: Probe, rng: np.random.Generator) -> Finding:
    params, eps = random_toy(rng)
    terms = toy_terms(**params, eps=eps)
    total = terms["path"] + terms["score"]
    return compare(
        probe.gradient("toy/mean_field", params, *TOY, eps).flat(len(params["x"])),
        total,
        what="the gradient",
        mistakes=[
            Mistake("negative", NEGATIVE, -total),
            Mistake("sample_detached", SCORE_LEFT, terms["score"]),
            Mistake("score_dropped", SCORE_DROPPED, terms["path"]),
            Mistake("entropy_dropped", ENTROPY_DROPPED, terms["model"]),
            Mistake("entropy_dropped", ENTROPY_DROPPED, terms["model"] + terms["score"]),
        ],
    )


@EXERCISE.part("The gradient at fixed noise, of a model that is not Gaussian")
def gradient_not_gaussian(probe: Probe, rng: np.random.Generator) -> Finding:
    params, eps = random_toy(rng)
    terms = logcosh_terms(**params, eps=eps)
    return compare(
        probe.gradient("logcosh/mean_field", params, *TOY, eps).flat(len(params["x"])),
        terms["total"],
        what="the gradient",
        mistakes=[
            Mistake("negative", NEGATIVE, -terms["total"]),
            Mistake("score_dropped", SCORE_DROPPED, terms["path"]),
            Mistake("sample_detached", SCORE_LEFT, terms["score"]),
            Mistake("entropy_dropped", ENTROPY_DROPPED, terms["model"]),
            Mistake("entropy_dropped", ENTROPY_DROPPED, terms["model"] + terms["score"]),
        ],
    )


@EXERCISE.part("Averaged over all noise, by quadrature: the exact gradient")
def mean_gradient(probe: Probe, rng: np.random.Generator) -> Finding:
    one, exact = toy_start(rng)
    points, weights = hermite(12)
    params = {name: np.tile(value, (len(points), 1)) for name, value in one.items()}
    rows = probe.gradient("toy/mean_field", params, *TOY, points[None, :, None]).flat(len(points))
    terms = toy_terms(**params, eps=points[None, :, None])
    of_log_q = np.stack([points / np.exp(params["log_scale"][:, 0]), points**2 - 1], -1)
    rivals = {
        "the score-function gradient": terms["log_w"][0][:, None] * of_log_q,
        "sticking the landing": terms["path"],
    }
    pathwise = {"the pathwise gradient": terms["path"] + terms["score"]}
    standing = Mistake("sample_detached", "On average it is zero: " + SCORE_LEFT, np.zeros(2))
    finding = compare(
        weights @ rows,
        exact,
        what="the mean gradient of (loc, log_scale)",
        mistakes=[
            Mistake("negative", NEGATIVE, -exact),
            *([standing] if rows.any() else []),
            Mistake("entropy_dropped", ENTROPY_DROPPED, exact - np.array([0.0, 1.0])),
        ],
    )
    return replace(finding, efficiency=measured(Draws(rows, pathwise, rivals), weights))


@EXERCISE.part(
    "A batch of one; no batch axis, one sample and several; a scale of a millionth", weight=0.5
)
def unbatched(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for batch, samples in (((1,), 1), ((1,), 4), ((DIM,), 2), ((), 1), ((), 3)):
        params, eps = random_toy(rng, batch, samples)
        params["log_scale"][..., 0] = np.log(1e-6)
        log_w = toy_terms(**params, eps=eps)["log_w"]
        finding = compare(
            probe.gradient("toy/mean_field", params, *TOY, eps).value,
            log_w.mean(0),
            what=f"the value, {samples} samples of a batch of shape {batch}",
            mistakes=[
                Mistake("no_mean", NO_MEAN, log_w),
                Mistake("negative", NEGATIVE, -log_w.mean(0)),
            ],
        )
        if not finding.ok:
            return finding
    return finding
