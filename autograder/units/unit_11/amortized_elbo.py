"""One ELBO for all data."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.checks.compare import Finding, Mistake, compare, unbiased
from autograder.checks.exercise import exercise
from autograder.checks.probe import Probe
from autograder.protocol.wire import ref
from autograder.units.shared import LOG_2PI, Arrays
from autograder.units.unit_11.reference import encoder_weights

EXERCISE = exercise(
    __name__,
    title="One ELBO for all data",
    function="amortized_elbo",
    points=3,
    difficulty=3,
    importance=5,
    minutes=20,
    read="section 3, A function instead of a table",
    hides=[],
    because="course_vi has nothing that takes an encoder as this one does",
)


def log_normal(value: np.ndarray, loc: Any, scale: Any) -> np.ndarray:
    """log N(value; loc, scale^2), summed over the last axis."""
    return np.sum(-0.5 * ((value - loc) / scale) ** 2 - np.log(scale) - 0.5 * LOG_2PI, -1)


def _toy_terms(params: Arrays, eps: np.ndarray) -> dict[str, np.ndarray]:
    """log-densities ``(K, B)`` on the toy at z = loc + scale * eps."""
    out = (params["weight"] @ params["x"][..., None])[..., 0] + params["bias"]
    loc, log_scale = np.split(out, 2, -1)
    z = loc + np.exp(log_scale) * eps
    return {
        "prior": log_normal(z, 0.0, 1.0),
        "likelihood": log_normal(params["x"], z, 1.0),
        "q": log_normal(z, loc, np.exp(log_scale)),
        "loc": loc,
        "log_scale": log_scale,
    }


def _elbo_mistakes(t: dict[str, np.ndarray], x: np.ndarray) -> list[Mistake]:
    log_w = t["prior"] + t["likelihood"] - t["q"]
    return [
        Mistake(
            "entropy_dropped",
            "log q is missing: without it the best encoder puts all its mass on one point.",
            (t["prior"] + t["likelihood"]).mean(0),
        ),
        Mistake(
            "entropy_sign",
            "log q was added. It is subtracted: log w = log p(x, z) - log q(z | x).",
            (t["prior"] + t["likelihood"] + t["q"]).mean(0),
        ),
        Mistake(
            "likelihood_only",
            "This is the likelihood minus log q: the prior is missing.",
            (t["likelihood"] - t["q"]).mean(0),
        ),
        Mistake(
            "loss",
            "The sign is turned: this is the loss. The ELBO itself is asked for.",
            -log_w.mean(0),
        ),
        Mistake(
            "mean_over_batch",
            "You averaged over the data. Return one ELBO per datum; whoever trains takes the mean.",
            log_w.mean(),
        ),
        Mistake(
            "sum_over_samples",
            "You summed over the K samples. An expectation is estimated by their mean.",
            log_w.sum(0),
        ),
        Mistake(
            "no_mean", "One number per sample came back. Average over the samples, axis 0.", log_w
        ),
        Mistake(
            "log_mean_exp",
            "You took the logarithm of the mean weight. That is another bound (unit 10); here, the mean of log w.",
            np.log(np.exp(log_w - log_w.max(0)).mean(0)) + log_w.max(0),
        ),
        Mistake(
            "closed_form_entropy",
            "You took the entropy in closed form. On average that is right, but here log q is "
            "asked for at the samples.",
            (t["prior"] + t["likelihood"]).mean(0) + (t["log_scale"] + 0.5 + 0.5 * LOG_2PI).sum(-1),
        ),
        Mistake(
            "regression",
            "This is a squared error to x/2. Nobody knows x/2 for a real model: the ELBO asks the model instead.",
            -((t["loc"] - x / 2) ** 2).sum(-1),
        ),
    ]


@EXERCISE.part("The value, at fixed noise")
def value(probe: Probe, rng: np.random.Generator) -> Finding:
    weight, bias = encoder_weights(rng, 2, 2)
    params, eps = (
        {"weight": weight, "bias": bias, "x": rng.normal(size=(4, 2))},
        rng.normal(size=(5, 4, 2)),
    )
    t = _toy_terms(params, eps)
    want = (t["prior"] + t["likelihood"] - t["q"]).mean(0)
    got, again = (
        probe.value(ref("p"), ref("encoder"), ref("x"), eps, problem="toy/encoder", params=params)
        for _ in range(2)
    )
    finding = compare(got, want, _elbo_mistakes(t, params["x"]), what="the ELBO of each datum")
    if finding.diagnosis == "value" and not compare(again, got).ok:
        says = "Called twice with the same eps, it gave two values: you drew noise of your own. z is loc + exp(log_scale) * eps."
        return Finding(False, finding.expected, finding.came, "own_noise", says)
    return finding


@EXERCISE.part("The value on another model, with two latents for one observation")
def value_with_two_latents(probe: Probe, rng: np.random.Generator) -> Finding:
    weight, bias = encoder_weights(rng, 2, 1)
    x, eps = rng.normal(size=(3, 1)), rng.normal(size=(1, 3, 2))
    loc, log_scale = np.split(x @ weight.T + bias, 2, -1)
    z = loc + np.exp(log_scale) * eps
    z1, z2 = z[..., :1], z[..., 1:]
    joint = log_normal(z2, 0.0, 1.0) + log_normal(z1, z2, 1.0) + log_normal(x, z1, 1.0)
    want = (joint - log_normal(z, loc, np.exp(log_scale))).mean(0)
    got = probe.value(
        ref("p"),
        ref("encoder"),
        ref("x"),
        eps,
        problem="chain/encoder",
        params={"weight": weight, "bias": bias, "x": x},
    )
    says = "These are the toy's densities, and this is another model. Ask it: p.log_joint(x, z)."
    log_q = log_normal(z, loc, np.exp(log_scale))
    toy_only = Mistake(
        "toy_only", says, lambda came: came.shape in ((3,), (1, 3)) and _toy_like(came, x, z, log_q)
    )
    return compare(
        got,
        want,
        [
            Mistake("entropy_dropped", "log q is missing.", joint.mean(0)),
            Mistake("entropy_sign", "log q was added. It is subtracted.", (joint + log_q).mean(0)),
            toy_only,
        ],
        what="the ELBO on a chain of two latents, K = 1",
    )


def _toy_like(came: np.ndarray, x: np.ndarray, z: np.ndarray, log_q: np.ndarray) -> bool:
    """Whether this is the ELBO of the toy, whose prior is standard normal and whose x is normal around z: all of it, or its first."""
    prior = log_normal(z, 0.0, 1.0)
    return any(
        np.allclose(came, prior + log_normal(x, centre, 1.0) - log_q)
        for centre in (z, z[..., :1], z[..., 1:])
    )


@EXERCISE.part("On average its gradient is that of the exact ELBO")
def mean_gradient(probe: Probe, rng: np.random.Generator) -> Finding:
    weight, bias, x = (
        0.4 * rng.normal(size=(2, 1)),
        np.array([rng.normal(), rng.uniform(-0.9, -0.4)]),
        rng.uniform(1.0, 2.0, (1,)),
    )
    loc, log_scale = (weight @ x + bias)[0], (weight @ x + bias)[1]
    slope = np.array([x[0] - 2 * loc, 1 - 2 * np.exp(2 * log_scale)])  # d ELBO / d(loc, log_scale)
    exact = np.concatenate([slope * x[0], slope])
    s, c = np.exp(log_scale), x[0] - 2 * loc
    total, path = (
        [4 * s**2, (c * s) ** 2 + 8 * s**4],
        [(1 / s - 2 * s) ** 2, (c * s) ** 2 + 2 * (1 - 2 * s**2) ** 2],
    )
    noise = np.sqrt(np.maximum(total, path) / 2)  # K = 2; either gradient is right here
    joint_only = np.array([x[0] - 2 * loc, -2 * np.exp(2 * log_scale)])
    cut = Mistake(
        "sample_detached",
        "The sample does not know the encoder: z was detached, or drawn with .sample(). Only z = loc + scale * eps "
        "carries the gradient.",
        lambda g: bool((np.abs(g.mean(0)) <= 6 * g.std(0) / len(g) ** 0.5).all()),
    )

    def draw(count: int) -> np.ndarray:
        params = {
            "weight": np.broadcast_to(weight, (count, 2, 1)).copy(),
            "bias": np.broadcast_to(bias, (count, 2)).copy(),
            "x": np.broadcast_to(x, (count, 1)).copy(),
        }
        eps = {"$noise": [2, count, 1], "seed": probe.fresh_seed()}
        return probe.gradient("toy/encoder", params, ref("p"), ref("encoder"), ref("x"), eps).flat(
            count
        )

    return unbiased(
        probe,
        draw,
        exact,
        names=["weight of loc", "weight of log_scale", "bias of loc", "bias of log_scale"],
        what="the mean gradient",
        error=np.concatenate([noise * np.abs(x[0]), noise]),
        mistakes=[
            Mistake(
                "entropy_gradient_lost",
                "The gradient of log q is missing: it was detached or left out.",
                np.concatenate([joint_only * x[0], joint_only]),
            ),
            cut,
        ],
    )
