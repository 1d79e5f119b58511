"""Unit 11: what a recognition network says, and the ELBO it climbs."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.checks.registry import part
from autograder.evidence import Finding, Mistake, compare, unbiased
from autograder.probes import Probe
from autograder.wire import ref

SAMPLE, ELBO = "11_recognition_sample", "11_amortized_elbo"
LOG_2PI = np.log(2 * np.pi)
Arrays = dict[str, np.ndarray]


def log_normal(value: np.ndarray, loc: Any, scale: Any) -> np.ndarray:
    """log N(value; loc, scale^2), summed over the last axis."""
    return np.sum(-0.5 * ((value - loc) / scale) ** 2 - np.log(scale) - 0.5 * LOG_2PI, -1)


def pair(got: Any, index: int, names: str) -> Any:
    """One of two results, or what to say if there are not two."""
    if (isinstance(got, list) or (isinstance(got, np.ndarray) and got.ndim > 0)) and len(got) == 2:
        return got[index]
    return {"$type": f"result that is not two tensors ({names})"}


# -- a sample and its density -----------------------------------------------------------------------------------------


def _weights(rng: np.random.Generator, dim: int, data: int) -> tuple[np.ndarray, np.ndarray]:
    return 0.4 * rng.normal(size=(2 * dim, data)), np.concatenate([rng.normal(size=dim), rng.uniform(-1.2, -0.4, dim)])


def _sample_mistakes(weight: np.ndarray, bias: np.ndarray, x: np.ndarray, eps: np.ndarray) -> list[Mistake]:
    out = x @ weight.T + bias
    loc, log_scale = np.split(out, 2, -1)
    dim = loc.shape[-1]
    interleaved = out[..., 0::2] + np.exp(out[..., 1::2]) * eps
    return [
        Mistake("log_scale_as_scale", "You used log_scale itself as the scale. Exponentiate it.", loc + log_scale * eps),
        Mistake("variance_as_scale",
                "You took exp(log_scale) for the variance. It is the standard deviation.", loc + np.exp(0.5 * log_scale) * eps),
        Mistake("softplus", "You made the scale by softplus. Here the second half are log scales: exponentiate them.",
                loc + np.log1p(np.exp(log_scale)) * eps),
        Mistake("no_scale", "eps is added as it is. Multiply it by the scale.", loc + eps),
        Mistake("swapped", "The first D outputs are loc and the last D are log_scale; you took them the other way round.",
                log_scale + np.exp(loc) * eps),
        Mistake("no_bias", "The bias of the last layer is missing.",
                (x @ weight.T)[..., :dim] + np.exp((x @ weight.T)[..., dim:]) * eps),
        Mistake("interleaved", "You took every other output. loc is the first half, log_scale the second.", interleaved),
        Mistake("first_datum", "Every datum got the parameters of the first one. The encoder speaks of each datum separately.",
                loc[:1] + np.exp(log_scale[:1]) * eps),
        Mistake("no_noise", "This is loc: no noise was used.", loc + 0 * eps)]


@part(SAMPLE, "The samples, at fixed noise")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    (weight, bias), x, eps = _weights(rng, 2, 3), rng.normal(size=(4, 3)), rng.normal(size=(5, 4, 2))
    loc, log_scale = np.split(x @ weight.T + bias, 2, -1)
    got = pair(probe.value(weight, bias, x, eps), 0, "z, log_q")
    return compare(got, loc + np.exp(log_scale) * eps, _sample_mistakes(weight, bias, x, eps), what="z")


@part(SAMPLE, "Their log-density")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    (weight, bias), x, eps = _weights(rng, 2, 3), rng.normal(size=(4, 3)), rng.normal(size=(5, 4, 2))
    loc, log_scale = np.split(x @ weight.T + bias, 2, -1)
    terms = -0.5 * eps**2 - log_scale - 0.5 * LOG_2PI
    right = terms.sum(-1)
    got = pair(probe.value(weight, bias, x, eps), 1, "z, log_q")
    return compare(got, right, what="log q", mistakes=[
        Mistake("noise_density", "This is the log-density of eps. A stretch by exp(log_scale) lowers the density: subtract log_scale.",
                (terms + log_scale).sum(-1)),
        Mistake("normalizer_sign",
                "log_scale has the wrong sign: where the scale is large the density is low.", (terms + 2 * log_scale).sum(-1)),
        Mistake("no_sum", "One number per coordinate came back. Sum over the event axis, the last one.", terms),
        Mistake("mean_over_event", "You averaged over the coordinates. Log-densities of independent coordinates add up.", terms.mean(-1)),
        Mistake("lost_2pi", "The constant -log(2 pi)/2 per coordinate is missing.", right + 0.5 * LOG_2PI * 2),
        Mistake("sum_over_samples", "You summed over the samples. The event axis is the last one.", terms.sum(0))])


@part(SAMPLE, "One datum without a batch, one latent", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    (weight, bias), x, eps = _weights(rng, 1, 2), rng.normal(size=2), rng.normal(size=(6, 1))
    loc, log_scale = np.split(x @ weight.T + bias, 2, -1)
    reply = probe.value(weight, bias, x, eps)
    finding = compare(pair(reply, 0, "z, log_q"), loc + np.exp(log_scale) * eps, what="z for x without a batch")
    if not finding.ok:
        return finding
    right = (-0.5 * eps**2 - log_scale - 0.5 * LOG_2PI).sum(-1)
    return compare(pair(reply, 1, "z, log_q"), right, what="log q for x without a batch")


# -- the ELBO of an encoder -------------------------------------------------------------------------------------------


def _toy_terms(params: Arrays, eps: np.ndarray) -> dict[str, np.ndarray]:
    """log-densities ``(K, B)`` on the toy at z = loc + scale * eps."""
    out = (params["weight"] @ params["x"][..., None])[..., 0] + params["bias"]
    loc, log_scale = np.split(out, 2, -1)
    z = loc + np.exp(log_scale) * eps
    return {"prior": log_normal(z, 0.0, 1.0), "likelihood": log_normal(params["x"], z, 1.0), "q": log_normal(z, loc, np.exp(log_scale)),
            "loc": loc, "log_scale": log_scale}


def _elbo_mistakes(t: dict[str, np.ndarray], x: np.ndarray) -> list[Mistake]:
    log_w = t["prior"] + t["likelihood"] - t["q"]
    return [
        Mistake("entropy_dropped", "log q is missing: without it the best encoder puts all its mass on one point.",
                (t["prior"] + t["likelihood"]).mean(0)),
        Mistake("entropy_sign", "log q was added. It is subtracted: log w = log p(x, z) - log q(z | x).",
                (t["prior"] + t["likelihood"] + t["q"]).mean(0)),
        Mistake("likelihood_only", "This is the likelihood minus log q: the prior is missing.", (t["likelihood"] - t["q"]).mean(0)),
        Mistake("loss", "The sign is turned: this is the loss. The ELBO itself is asked for.", -log_w.mean(0)),
        Mistake("mean_over_batch", "You averaged over the data. Return one ELBO per datum; whoever trains takes the mean.", log_w.mean()),
        Mistake("sum_over_samples", "You summed over the K samples. An expectation is estimated by their mean.", log_w.sum(0)),
        Mistake("no_mean", "One number per sample came back. Average over the samples, axis 0.", log_w),
        Mistake("log_mean_exp", "You took the logarithm of the mean weight. That is another bound (unit 10); here, the mean of log w.",
                np.log(np.exp(log_w - log_w.max(0)).mean(0)) + log_w.max(0)),
        Mistake("closed_form_entropy", "You took the entropy in closed form. On average that is right, but here log q is "
                "asked for at the samples.", (t["prior"] + t["likelihood"]).mean(0) + (t["log_scale"] + 0.5 + 0.5 * LOG_2PI).sum(-1)),
        Mistake("regression", "This is a squared error to x/2. Nobody knows x/2 for a real model: the ELBO asks the model instead.",
                -((t["loc"] - x / 2) ** 2).sum(-1)),
    ]


@part(ELBO, "The value, at fixed noise")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    weight, bias = _weights(rng, 2, 2)
    params, eps = {"weight": weight, "bias": bias, "x": rng.normal(size=(4, 2))}, rng.normal(size=(5, 4, 2))
    t = _toy_terms(params, eps)
    want = (t["prior"] + t["likelihood"] - t["q"]).mean(0)
    got, again = (probe.value(ref("p"), ref("encoder"), ref("x"), eps, problem="toy/encoder", params=params) for _ in range(2))
    finding = compare(got, want, _elbo_mistakes(t, params["x"]), what="the ELBO of each datum")
    if finding.diagnosis == "value" and not compare(again, got).ok:
        says = "Called twice with the same eps, it gave two values: you drew noise of your own. z is loc + exp(log_scale) * eps."
        return Finding(False, finding.expected, finding.came, "own_noise", says)
    return finding


@part(ELBO, "The value on another model, with two latents for one observation")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    weight, bias = _weights(rng, 2, 1)
    x, eps = rng.normal(size=(3, 1)), rng.normal(size=(1, 3, 2))
    loc, log_scale = np.split(x @ weight.T + bias, 2, -1)
    z = loc + np.exp(log_scale) * eps
    z1, z2 = z[..., :1], z[..., 1:]
    joint = log_normal(z2, 0.0, 1.0) + log_normal(z1, z2, 1.0) + log_normal(x, z1, 1.0)
    want = (joint - log_normal(z, loc, np.exp(log_scale))).mean(0)
    got = probe.value(ref("p"), ref("encoder"), ref("x"), eps, problem="chain/encoder", params={"weight": weight, "bias": bias, "x": x})
    says = "These are the toy's densities, and this is another model. Ask it: p.log_joint(x, z)."
    log_q = log_normal(z, loc, np.exp(log_scale))
    toy_only = Mistake("toy_only", says, lambda came: came.shape in ((3,), (1, 3)) and _toy_like(came, x, z, log_q))
    return compare(got, want, [
        Mistake("entropy_dropped", "log q is missing.", joint.mean(0)),
        Mistake("entropy_sign", "log q was added. It is subtracted.", (joint + log_q).mean(0)), toy_only],
                   what="the ELBO on a chain of two latents, K = 1")


def _toy_like(came: np.ndarray, x: np.ndarray, z: np.ndarray, log_q: np.ndarray) -> bool:
    """Whether this is the ELBO of the toy, whose prior is standard normal and whose x is normal around z: all of it, or its first."""
    prior = log_normal(z, 0.0, 1.0)
    return any(np.allclose(came, prior + log_normal(x, centre, 1.0) - log_q) for centre in (z, z[..., :1], z[..., 1:]))


@part(ELBO, "On average its gradient is that of the exact ELBO")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    weight, bias, x = 0.4 * rng.normal(size=(2, 1)), np.array([rng.normal(), rng.uniform(-0.9, -0.4)]), rng.uniform(1.0, 2.0, (1,))
    loc, log_scale = (weight @ x + bias)[0], (weight @ x + bias)[1]
    slope = np.array([x[0] - 2 * loc, 1 - 2 * np.exp(2 * log_scale)])              # d ELBO / d(loc, log_scale)
    exact = np.concatenate([slope * x[0], slope])
    s, c = np.exp(log_scale), x[0] - 2 * loc
    total, path = [4 * s**2, (c * s) ** 2 + 8 * s**4], [(1 / s - 2 * s) ** 2, (c * s) ** 2 + 2 * (1 - 2 * s**2) ** 2]
    noise = np.sqrt(np.maximum(total, path) / 2)                                   # K = 2; either gradient is right here
    joint_only = np.array([x[0] - 2 * loc, -2 * np.exp(2 * log_scale)])
    cut = Mistake("sample_detached",
            "The sample does not know the encoder: z was detached, or drawn with .sample(). Only z = loc + scale * eps "
            "carries the gradient.", lambda g: bool((np.abs(g.mean(0)) <= 6 * g.std(0) / len(g) ** 0.5).all()))

    def draw(count: int) -> np.ndarray:
        params = {"weight": np.broadcast_to(weight, (count, 2, 1)).copy(), "bias": np.broadcast_to(bias, (count, 2)).copy(),
                  "x": np.broadcast_to(x, (count, 1)).copy()}
        eps = {"$noise": [2, count, 1], "seed": probe.fresh_seed()}
        return probe.gradient("toy/encoder", params, ref("p"), ref("encoder"), ref("x"), eps).flat(count)

    return unbiased(probe, draw, exact, names=["weight of loc", "weight of log_scale", "bias of loc", "bias of log_scale"],
                    what="the mean gradient", error=np.concatenate([noise * np.abs(x[0]), noise]), mistakes=[
                        Mistake("entropy_gradient_lost", "The gradient of log q is missing: it was detached or left out.",
                                np.concatenate([joint_only * x[0], joint_only])), cut])
