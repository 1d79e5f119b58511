"""S2: the naive gradient."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from autograder.checks.compare import compare, holds
from autograder.checks.efficiency import Draws
from autograder.checks.estimates import unbiased
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe, drawn, noise
from autograder.protocol.wire import ref
from autograder.units.shared import Arrays
from autograder.units.unit_03.reference import (
    EXACT,
    averaging_mistakes,
    in_two_axes,
    log_normal,
    naive_gradients,
    toy_exact,
    toy_inputs,
    toy_pieces,
)

EXERCISE = exercise(
    __name__,
    title="S2: the naive gradient",
    function="naive_elbo",
    points=2,
    difficulty=3,
    importance=5,
    minutes=15,
    read="The naive gradient has mean zero",
    hides=[],
    because="course_vi has no estimator that leaves out the path",
)

OTHERWISE = {  # what the outcomes of a test of a mean say here
    "no_spread": "Your gradient is the same for every draw of the noise. The naive one is minus the mean score at the samples, and varies "
    "with them.",
    "biased": "The mean of the naive gradient is zero, and that of yours is not.",
}
SIGN = "The sign is turned: the ELBO averages log p(x, z) - log q(z | x)."
CALL = [ref("p"), ref("q"), ref("x")]


@EXERCISE.part("The value is the ELBO estimate, at the noise given")
def value(probe: Probe, rng: np.random.Generator) -> Finding:
    params, eps = toy_inputs(rng)
    log_w = naive_gradients(**params, eps=eps)["log_w"]
    first, second = (
        probe.value(*CALL, eps, problem="toy/mean_field", params=params) for _ in range(2)
    )
    if np.shape(first) == np.shape(second) == (4,) and not np.allclose(first, second, rtol=1e-9):
        return holds(
            False,
            "the same value for the same noise",
            "two different values",
            "own_noise",
            "You drew noise of your own. Use the eps that is given: z = q.transport(eps, x).",
        )
    t = toy_pieces(**params, z=params["loc"] + np.exp(params["log_scale"]) * eps)
    finding = compare(
        first,
        log_w.mean(0),
        rtol=EXACT,
        what="the value",
        mistakes=[
            Mistake(
                "sign",
                SIGN,
                -log_w.mean(0),
            ),
            *averaging_mistakes(log_w),
            Mistake(
                "entropy_dropped",
                "log q is missing: this is the mean of log p(x, z) alone.",
                (t["prior"] + t["likelihood"]).mean(0),
            ),
            Mistake(
                "entropy_exact",
                "The entropy is in closed form: a fine estimate, and another one. Asked is minus the mean of log q at the samples.",
                (t["prior"] + t["likelihood"]).mean(0) + toy_exact(**params)["entropy"],
            ),
            Mistake(
                "noise_as_sample",
                "You put eps in the place of z. The sample is z = q.transport(eps, x).",
                _at_noise(params, eps),
            ),
            Mistake(
                "log_of_mean",
                "You averaged the weights, not their logarithms: that is another bound (unit 10).",
                np.log(np.exp(log_w).mean(0)),
            ),
        ],
    )
    if not finding.ok:
        return finding
    two, eps = in_two_axes(params, eps)
    actual = probe.value(*CALL, eps, problem="toy/mean_field", params=two)
    what = "the value, for a batch of two axes,"
    again = compare(actual, log_w[:, None, :2].mean(0), rtol=EXACT, what=what)
    return finding if again.ok else again


def _at_noise(params: Arrays, eps: np.ndarray) -> np.ndarray:
    """The estimate of one who takes the noise for the sample, ``(B)``."""
    t = toy_pieces(**params, z=eps)
    return (t["prior"] + t["likelihood"] - t["q"]).mean(0)


def _gradient_mistakes(g: Arrays, samples: int) -> list[Mistake]:
    return [
        Mistake(
            "sample_attached",
            "This is the whole derivative: the gradient still flows through the sample. The naive one detaches "
            "z right after it is drawn.",
            g["path"] + g["naive"],
        ),
        Mistake(
            "all_detached",
            "The gradient is zero. Detach the sample z alone; log q must still know its parameters.",
            np.zeros_like(g["naive"]),
        ),
        Mistake(
            "density_frozen",
            "You froze the parameters in log q and let the sample move: that is the path derivative of unit 09, "
            "the very part that the naive gradient drops.",
            g["path"],
        ),
        Mistake(
            "half_detached",
            "z is detached in log q and alive in log p(x, z). Detach it once, right after it is drawn.",
            g["half"],
        ),
        Mistake(
            "score_sign",
            "The score has the wrong sign: log q is subtracted in the ELBO.",
            -g["naive"],
        ),
        Mistake(
            "score_function",
            "This is the score-function gradient, log w times the score (unit 05). It repairs the naive "
            "gradient; here the naive one itself is asked.",
            g["reward"],
        ),
        Mistake(
            "score_function",
            "The score-function gradient is in there. It repairs the naive gradient; here the naive one itself "
            "is asked.",
            g["reward"] + g["naive"],
        ),
        Mistake(
            "sum_over_samples",
            "The gradient is K times too large: average over the samples.",
            samples * g["naive"],
        ),
    ]


@EXERCISE.part("The gradient at fixed noise is minus the mean score", weight=2)
def gradient_at_fixed_noise(probe: Probe, rng: np.random.Generator) -> Finding:
    params, eps = toy_inputs(rng, samples=5)
    g = naive_gradients(**params, eps=eps)
    got = probe.gradient("toy/mean_field", params, *CALL, eps).flat(4)
    known = _gradient_mistakes(g, len(eps))
    return compare(got, g["naive"], rtol=EXACT, what="the gradient", mistakes=known)


@EXERCISE.part("The same for a correlated family")
def correlated_family(probe: Probe, rng: np.random.Generator) -> Finding:
    (params, eps), batch = toy_inputs(rng, samples=3), 4
    params["lower"] = rng.normal(size=(batch, 2, 2))
    tril = np.tril(params["lower"], -1) + np.exp(params["log_scale"])[..., None] * np.eye(2)
    back = np.linalg.solve(
        np.swapaxes(tril, -1, -2)[None], eps[..., None]
    )  # L^-T eps, (K, B, D, 1)
    outer = (back * eps[..., None, :]).mean(0)
    corner = outer * np.tril(np.ones((2, 2)), -1)
    diagonal = np.diagonal(tril * outer, axis1=-2, axis2=-1) - 1
    z = params["loc"] + (tril @ eps[..., None])[..., 0]
    log_q = log_normal(eps, 0.0, 1.0) - params["log_scale"].sum(-1)
    value = (log_normal(z, 0.0, 1.0) + log_normal(params["x"], z, 1.0) - log_q).mean(0)
    reply = probe.gradient("toy/full_rank", params, *CALL, eps)
    hint = (
        "It works for the diagonal Gaussian alone: z or log q was built from q.loc and q.log_scale by hand. Ask the family: "
        "q.transport(eps, x) and q(x, z)."
    )
    s, by_hand = np.exp(params["log_scale"]), params["loc"] + np.exp(params["log_scale"]) * eps
    inverse = np.linalg.solve(tril[None], (by_hand - params["loc"])[..., None])[..., 0]
    pairs = (
        (by_hand, log_normal(by_hand, params["loc"], s)),
        (by_hand, log_normal(inverse, 0.0, 1.0) - params["log_scale"].sum(-1)),
        (z, log_normal(z, params["loc"], s)),
    )
    own = [
        log_normal(at, 0.0, 1.0) + log_normal(params["x"], at, 1.0) - density
        for at, density in pairs
    ]
    finding = compare(
        reply.value,
        value,
        rtol=EXACT,
        what="the value",
        mistakes=[
            *(Mistake("one_family", hint, log_w.mean(0)) for log_w in own),
            Mistake("sign", SIGN, -value),
        ],
    )
    want = -np.concatenate([back[..., 0].mean(0), diagonal, corner.reshape(batch, -1)], -1)
    known = [
        Mistake(
            "all_detached", "The gradient is zero. Detach the sample z alone.", np.zeros_like(want)
        ),
        Mistake(
            "score_sign", "The score has the wrong sign: log q is subtracted in the ELBO.", -want
        ),
    ]
    return (
        finding
        if not finding.ok
        else compare(reply.flat(batch), want, rtol=EXACT, what="the gradient", mistakes=known)
    )


@EXERCISE.part("On average the gradient is exactly zero")
def mean_gradient_is_zero(probe: Probe, rng: np.random.Generator) -> Finding:
    loc, log_scale, x = rng.uniform(-1, 0, 1), rng.uniform(-1.5, -0.8, 1), rng.uniform(1, 2, 1)
    gradient = np.concatenate([x - 2 * loc, 1 - 2 * np.exp(2 * log_scale)])

    def draw(count: int) -> Draws:
        params = {
            name: np.tile(value, (count, 1))
            for name, value in (("loc", loc), ("log_scale", log_scale), ("x", x))
        }
        eps = noise((2, count, 1), probe.fresh_seed())
        got = probe.gradient("toy/mean_field", params, *CALL, eps).flat(count)
        g = naive_gradients(**params, eps=drawn(eps))
        return Draws(
            got,
            {"the naive gradient": g["naive"]},
            {"the whole derivative": g["path"] + g["naive"]},
        )

    finding = unbiased(
        probe,
        draw,
        np.zeros(2),
        names=["loc", "log_scale"],
        what="the mean of the naive gradients",
        mistakes=[
            Mistake(
                "not_naive",
                "On average yours is the gradient of the ELBO itself. A good estimator, and not the naive one.",
                gradient,
            ),
        ],
    )
    return replace(finding, hint=OTHERWISE.get(finding.diagnosis, finding.hint))
