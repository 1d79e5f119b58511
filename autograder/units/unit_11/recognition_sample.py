"""A recognition network's sample."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import LOG_2PI, unpack
from autograder.units.unit_11.reference import encoder_weights

EXERCISE = exercise(
    __name__,
    title="A recognition network's sample",
    function="recognition_sample",
    points=2,
    difficulty=2,
    importance=5,
    minutes=20,
    read="section 3, A function instead of a table",
    hides=[],
    because="DiagonalNormal is a right answer",
)


def _inputs(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """An encoder, data and noise: narrow and wide densities, some data far out."""
    weight, bias = encoder_weights(rng, 2, 3)
    bias[2:] = rng.permutation([rng.uniform(-7.0, -5.5), rng.uniform(1.5, 2.5)])
    x = rng.normal(size=(4, 3)) * np.array([[1.0], [1.0], [4.0], [0.2]])
    return weight, bias, x, rng.normal(size=(5, 4, 2))


def _sample_mistakes(
    weight: np.ndarray, bias: np.ndarray, x: np.ndarray, eps: np.ndarray
) -> list[Mistake]:
    out = x @ weight.T + bias
    loc, log_scale = np.split(out, 2, -1)
    dim = loc.shape[-1]
    interleaved = out[..., 0::2] + np.exp(out[..., 1::2]) * eps
    return [
        Mistake(
            "log_scale_as_scale",
            "You used log_scale itself as the scale. Exponentiate it.",
            loc + log_scale * eps,
        ),
        Mistake(
            "variance_as_scale",
            "You took exp(log_scale) for the variance. It is the standard deviation.",
            loc + np.exp(0.5 * log_scale) * eps,
        ),
        Mistake(
            "softplus",
            "You made the scale by softplus. Here the second half are log scales: exponentiate them.",
            loc + np.log1p(np.exp(log_scale)) * eps,
        ),
        Mistake(
            "clamped",
            "Small scales are cut off at exp(-5): log_scale was clamped. Take it as it is.",
            loc + np.exp(np.maximum(log_scale, -5.0)) * eps,
        ),
        Mistake("no_scale", "eps is added as it is. Multiply it by the scale.", loc + eps),
        Mistake(
            "swapped",
            "The first D outputs are loc and the last D are log_scale; you took them the other way round.",
            log_scale + np.exp(loc) * eps,
        ),
        Mistake(
            "no_bias",
            "The bias of the last layer is missing.",
            (x @ weight.T)[..., :dim] + np.exp((x @ weight.T)[..., dim:]) * eps,
        ),
        Mistake(
            "interleaved",
            "You took every other output. loc is the first half, log_scale the second.",
            interleaved,
        ),
        Mistake(
            "first_datum",
            "Every datum got the parameters of the first one. The encoder speaks of each datum separately.",
            loc[:1] + np.exp(log_scale[:1]) * eps,
        ),
        Mistake("no_noise", "This is loc: no noise was used.", loc + 0 * eps),
    ]


@EXERCISE.part("The samples, at fixed noise")
def samples(probe: Probe, rng: np.random.Generator) -> Finding:
    weight, bias, x, eps = _inputs(rng)
    loc, log_scale = np.split(x @ weight.T + bias, 2, -1)
    got = unpack(probe.value(weight, bias, x, eps), 2, "z, log_q")[0]
    return compare(
        got, loc + np.exp(log_scale) * eps, _sample_mistakes(weight, bias, x, eps), what="z"
    )


@EXERCISE.part("Their log-density")
def log_density(probe: Probe, rng: np.random.Generator) -> Finding:
    weight, bias, x, eps = _inputs(rng)
    loc, log_scale = np.split(x @ weight.T + bias, 2, -1)
    terms = -0.5 * eps**2 - log_scale - 0.5 * LOG_2PI
    right = terms.sum(-1)
    got = unpack(probe.value(weight, bias, x, eps), 2, "z, log_q")[1]
    return compare(
        got,
        right,
        what="log q",
        mistakes=[
            Mistake(
                "noise_density",
                "This is the log-density of eps. A stretch by exp(log_scale) lowers the density: subtract log_scale.",
                (terms + log_scale).sum(-1),
            ),
            Mistake(
                "normalizer_sign",
                "log_scale has the wrong sign: where the scale is large the density is low.",
                (terms + 2 * log_scale).sum(-1),
            ),
            Mistake(
                "no_sum",
                "One number per coordinate came back. Sum over the event axis, the last one.",
                terms,
            ),
            Mistake(
                "mean_over_event",
                "You averaged over the coordinates. Log-densities of independent coordinates add up.",
                terms.mean(-1),
            ),
            Mistake(
                "lost_2pi",
                "The constant -log(2 pi)/2 per coordinate is missing.",
                right + 0.5 * LOG_2PI * 2,
            ),
            Mistake(
                "sum_over_samples",
                "You summed over the samples. The event axis is the last one.",
                terms.sum(0),
            ),
        ],
    )


@EXERCISE.part("One datum without a batch, one latent; data on two axes, one sample", weight=0.5)
def other_shapes(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(True)
    for batch, dim, samples in (((), 1, 6), ((2, 3), 3, 1)):
        weight, bias = encoder_weights(rng, dim, 2)
        x, eps = rng.normal(size=(*batch, 2)), rng.normal(size=(samples, *batch, dim))
        loc, log_scale = np.split(x @ weight.T + bias, 2, -1)
        z, log_q = unpack(probe.value(weight, bias, x, eps), 2, "z, log_q")
        where = "on two axes" if batch else "without a batch"
        finding = compare(z, loc + np.exp(log_scale) * eps, what=f"z for x {where}")
        if not finding.ok:
            return finding
        right = (-0.5 * eps**2 - log_scale - 0.5 * LOG_2PI).sum(-1)
        finding = compare(log_q, right, what=f"log q for x {where}")
        if not finding.ok:
            return finding
    return finding
