"""Unit 03, S2: the naive gradient has mean zero, so its bias is minus the whole gradient."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from autograder.checks.compare import Finding, Mistake, compare, holds, unbiased
from autograder.checks.probe import Probe, noise
from autograder.checks.registry import part
from autograder.checks.unit_03_forms import log_normal, toy_pieces
from autograder.checks.unit_03_kls import _same_twice
from autograder.protocol.wire import ref

NAIVE, BIAS = "03_naive_elbo", "03_naive_bias"
CALL = [ref("p"), ref("q"), ref("x")]
Arrays = dict[str, np.ndarray]


def _inputs(rng: np.random.Generator, samples: int = 4, batch: int = 3, dim: int = 2) -> tuple[Arrays, np.ndarray]:
    params = {"loc": rng.normal(size=(batch, dim)), "log_scale": rng.uniform(-1.2, 0.3, (batch, dim)), "x": rng.normal(size=(batch, dim))}
    return params, rng.normal(size=(samples, batch, dim))


def _gradients(loc: np.ndarray, log_scale: np.ndarray, x: np.ndarray, eps: np.ndarray) -> Arrays:
    """Gradients one might compute from these samples, ``(B, 2 D)``, loc first, averaged over the samples."""
    s = np.exp(log_scale)
    z = loc + s * eps
    both = lambda a, b: np.concatenate([a.mean(0), b.mean(0)], -1)  # noqa: E731
    t = toy_pieces(loc, log_scale, x, z)
    log_w = (t["prior"] + t["likelihood"] - t["q"])[..., None]
    slope, of_joint = x - 2 * z + eps / s, x - 2 * z                # d/dz log w, d/dz log p(x, z)
    return {"naive": -both(eps / s, eps**2 - 1), "path": both(slope, slope * s * eps),
            "half": both(of_joint - eps / s, of_joint * s * eps - eps**2 + 1),
            "reward": both(log_w * eps / s, log_w * (eps**2 - 1)), "log_w": log_w[..., 0]}


@part(NAIVE, "The value is the ELBO estimate, at the noise given")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params, eps = _inputs(rng)
    log_w = _gradients(**params, eps=eps)["log_w"]
    first, second = (probe.gradient("toy/mean_field", params, *CALL, eps).value for _ in range(2))
    if first.shape == second.shape and first.shape == (3,) and not np.allclose(first, second, rtol=1e-9):
        return holds(False, "the same value for the same noise", "two different values", "own_noise",
                     "You drew noise of your own. Use the eps that is given: z = q.transport(eps, x).")
    t = toy_pieces(**params, z=params["loc"] + np.exp(params["log_scale"]) * eps)
    return compare(first, log_w.mean(0), what="the value", mistakes=[
        Mistake("sign", "The sign is turned: the ELBO averages log p(x, z) - log q(z | x).", -log_w.mean(0)),
        Mistake("sum_over_samples", "The ELBO estimate is the mean over the K samples, not their sum.", log_w.sum(0)),
        Mistake("no_mean", "You returned one number per sample. Average over the K samples, axis 0.", log_w),
        Mistake("mean_over_batch", "You averaged over the batch as well. Average over the samples, axis 0, alone.", log_w.mean()),
        Mistake("entropy_dropped", "log q is missing: this is the mean of log p(x, z) alone.", (t["prior"] + t["likelihood"]).mean(0)),
        Mistake("noise_as_sample", "You put eps in the place of z. The sample is z = q.transport(eps, x).", _at_noise(params, eps)),
        Mistake("log_of_mean", "You averaged the weights, not their logarithms: that is another bound (unit 10).",
                np.log(np.exp(log_w).mean(0))),
    ])


def _at_noise(params: Arrays, eps: np.ndarray) -> np.ndarray:
    """The estimate of one who takes the noise for the sample, ``(B)``."""
    t = toy_pieces(**params, z=eps)
    return (t["prior"] + t["likelihood"] - t["q"]).mean(0)


def _gradient_mistakes(g: Arrays) -> list[Mistake]:
    return [
        Mistake("sample_attached", "This is the whole derivative: the gradient still flows through the sample. The naive one detaches "
                "z right after it is drawn.", g["path"] + g["naive"]),
        Mistake("all_detached", "The gradient is zero. Detach the sample z alone; log q must still know its parameters.",
                np.zeros_like(g["naive"])),
        Mistake("density_frozen", "You froze the parameters in log q and let the sample move: that is the path derivative of unit 09, "
                "the very part that the naive gradient drops.", g["path"]),
        Mistake("half_detached", "z is detached in log q and alive in log p(x, z). Detach it once, right after it is drawn.", g["half"]),
        Mistake("score_sign", "The score has the wrong sign: log q is subtracted in the ELBO.", -g["naive"]),
        Mistake("score_function", "This is the score-function gradient, log w times the score (unit 05). It repairs the naive "
                "gradient; here the naive one itself is asked.", g["reward"]),
        Mistake("score_function", "The score-function gradient is in there. It repairs the naive gradient; here the naive one itself "
                "is asked.", g["reward"] + g["naive"]),
        Mistake("sum_over_samples", "The gradient is K times too large: average over the samples.", None),
    ]


@part(NAIVE, "The gradient at fixed noise is minus the mean score", weight=2)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params, eps = _inputs(rng)
    g = _gradients(**params, eps=eps)
    got = probe.gradient("toy/mean_field", params, *CALL, eps).flat(3)
    mistakes = [m if m.value is not None else m._replace(value=len(eps) * g["naive"]) for m in _gradient_mistakes(g)]
    return compare(got, g["naive"], what="the gradient", mistakes=mistakes)


@part(NAIVE, "The same for a correlated family")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    (params, eps), batch = _inputs(rng), 3
    params["lower"] = rng.normal(size=(batch, 2, 2))
    tril = np.tril(params["lower"], -1) + np.exp(params["log_scale"])[..., None] * np.eye(2)
    back = np.linalg.solve(np.swapaxes(tril, -1, -2)[None], eps[..., None])              # L^-T eps, (K, B, D, 1)
    outer = (back * eps[..., None, :]).mean(0)
    corner = outer * np.tril(np.ones((2, 2)), -1)
    diagonal = np.diagonal(tril * outer, axis1=-2, axis2=-1) - 1
    z = params["loc"] + (tril @ eps[..., None])[..., 0]
    log_q = log_normal(eps, 0.0, 1.0) - params["log_scale"].sum(-1)
    value = (log_normal(z, 0.0, 1.0) + log_normal(params["x"], z, 1.0) - log_q).mean(0)
    reply = probe.gradient("toy/full_rank", params, *CALL, eps)
    says = ("It works for the diagonal Gaussian alone: z or log q was built from q.loc and q.log_scale by hand. Ask the family: "
            "q.transport(eps, x) and q(x, z).")
    s, by_hand = np.exp(params["log_scale"]), params["loc"] + np.exp(params["log_scale"]) * eps
    inverse = np.linalg.solve(tril[None], (by_hand - params["loc"])[..., None])[..., 0]
    pairs = ((by_hand, log_normal(by_hand, params["loc"], s)), (by_hand, log_normal(inverse, 0.0, 1.0) - params["log_scale"].sum(-1)),
             (z, log_normal(z, params["loc"], s)))
    own = [log_normal(at, 0.0, 1.0) + log_normal(params["x"], at, 1.0) - density for at, density in pairs]
    finding = compare(reply.value, value, what="the value", mistakes=[Mistake("one_family", says, log_w.mean(0)) for log_w in own])
    want = -np.concatenate([back[..., 0].mean(0), diagonal, corner.reshape(batch, -1)], -1)
    known = [Mistake("all_detached", "The gradient is zero. Detach the sample z alone.", np.zeros_like(want)),
             Mistake("score_sign", "The score has the wrong sign: log q is subtracted in the ELBO.", -want)]
    return finding if not finding.ok else compare(reply.flat(batch), want, what="the gradient", mistakes=known)


@part(NAIVE, "On average the gradient is exactly zero")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    loc, log_scale, x = rng.uniform(-1, 0, 1), rng.uniform(-1.5, -0.8, 1), rng.uniform(1, 2, 1)
    gradient = np.concatenate([x - 2 * loc, 1 - 2 * np.exp(2 * log_scale)])

    def draw(count: int) -> np.ndarray:
        params = {name: np.tile(value, (count, 1)) for name, value in (("loc", loc), ("log_scale", log_scale), ("x", x))}
        return probe.gradient("toy/mean_field", params, *CALL, noise((2, count, 1), probe.fresh_seed())).flat(count)

    return unbiased(probe, draw, np.zeros(2), names=["loc", "log_scale"], what="the mean of the naive gradients", mistakes=[
        Mistake("all_detached", "Every gradient is zero, not just their mean: log q has lost its parameters.",
                lambda samples: not samples.any()),
        Mistake("not_naive", "On average yours is the gradient of the ELBO itself. A good estimator, and not the naive one.", gradient),
        Mistake("not_naive", "The mean of the naive gradient is zero, and that of yours is not.", lambda samples: True)])


def _bias_mistakes(loc: np.ndarray, log_scale: np.ndarray, x: np.ndarray, index: int) -> list[Mistake]:
    s = np.exp(log_scale)
    wanted = (-(x - 2 * loc), -(1 - 2 * s**2))
    shared = [
        Mistake("sign", "This is the gradient itself. The bias is the mean of the estimate minus the gradient: zero minus the gradient.",
                -wanted[index]),
        Mistake("zero_bias", "A mean of zero is not a bias of zero: the bias is the mean minus what it ought to be.", 0 * x),
        Mistake("sum_over_dim", "One number per coordinate is asked, (*B, D): do not sum over the last axis.", wanted[index].sum(-1)),
        Mistake("mean_over_dim", "One number per coordinate is asked, (*B, D): do not average over the last axis.", wanted[index].mean(-1)),
        Mistake("swapped", "Return the bias of loc first, then that of log_scale.", wanted[1 - index]),
        Mistake("halved", "A factor of two: the prior pulls with -m and the likelihood with x - m; both feel s^2.", wanted[index] / 2),
    ]
    with np.errstate(all="ignore"):
        own = [
            [Mistake("prior_forgotten", "The pull of the prior, -m, is missing: the gradient is x - 2m, zero at the posterior mean x/2.",
                    -(x - loc)),
             Mistake("entropy_of_loc", "The entropy does not depend on the mean.", -(x - 2 * loc) - 1 / s)],
            [Mistake("wrt_scale", "This is the derivative in s. Asked is the one in log s: multiply by s (the chain rule).",
                    -(1 / s - 2 * s)),
             Mistake("entropy_forgotten", "The entropy, log s plus a constant, has the derivative 1 in log s. It is missing.", 2 * s**2),
             Mistake("likelihood_forgotten", "Both prior and likelihood feel the spread of z: each brings -s^2.", -(1 - s**2)),
             Mistake("scale_as_variance", "exp(log_scale) is the standard deviation s; you used it as the variance s^2.", -(1 - 2 * s)),
             Mistake("log_scale_as_scale", "log_scale is the logarithm of s: exponentiate it first.", -(1 - 2 * log_scale**2))],
        ][index]
    return own + shared


def _predicted(probe: Probe, args: tuple[np.ndarray, ...], index: int) -> tuple[object, Finding | None]:
    reply, sampled = _same_twice(probe, *args)
    if not isinstance(reply, list) or len(reply) != 2:
        return {"$type": "result that is not two tensors (bias_loc, bias_log_scale)"}, None
    return reply[index], sampled


def _prediction(probe: Probe, rng: np.random.Generator, index: int, what: str) -> Finding:
    params, _ = _inputs(rng, batch=4, dim=3)
    args = (params["loc"], params["log_scale"], params["x"])
    got, sampled = _predicted(probe, args, index)
    want = (-(args[2] - 2 * args[0]), -(1 - 2 * np.exp(2 * args[1])))[index]
    return sampled or compare(got, want, what=what, mistakes=_bias_mistakes(*args, index))


@part(BIAS, "The bias for loc, predicted")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    return _prediction(probe, rng, 0, "the bias for loc")


@part(BIAS, "The bias for log_scale, predicted")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    return _prediction(probe, rng, 1, "the bias for log_scale")


@part(BIAS, "No bias where there is no gradient: at the posterior", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    x = rng.normal(size=(3, 2))
    args = x / 2, np.full_like(x, -0.5 * np.log(2)), x
    finding = Finding(False)
    for index, name in enumerate(("loc", "log_scale")):
        got = _predicted(probe, args, index)[0]
        finding = compare(got + 0.0 if isinstance(got, np.ndarray) else got, 0 * x, what=f"the bias for {name} at q = N(x/2, 1/2)")
        if not finding.ok:
            break
    return finding


@part(BIAS, "Predicted and measured agree")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    """Measured without the learner: mean of naive minus unbiased gradients, both from the same draws, against the prediction."""
    loc, log_scale, x = rng.uniform(-1, 1, (1, 1)), rng.uniform(-1.2, -0.6, (1, 1)), rng.uniform(1, 3, (1, 1))
    reply = probe.value(loc, log_scale, x)
    if not isinstance(reply, list) or any(not isinstance(item, np.ndarray) or item.size != 1 for item in reply) or len(reply) != 2:
        return compare(reply, np.zeros((2, 1, 1)), what="the bias")
    predicted = np.array([float(item.ravel()[0]) for item in reply])

    measured: list[np.ndarray] = []

    def draw(count: int) -> np.ndarray:
        eps = rng.normal(size=(4, count, 1))
        where = {name: np.tile(value, (count, 1)) for name, value in (("loc", loc), ("log_scale", log_scale), ("x", x))}
        g = _gradients(**where, eps=eps)
        measured.append(g["naive"] - (g["naive"] + g["path"]))
        return measured[-1]

    names = ["loc", "log_scale"]
    finding = unbiased(probe, draw, predicted, names=names, what="a measured bias within its error of the one you predicted", mistakes=[
        Mistake("prediction_off", "We ran the naive estimator at these inputs and measured its bias. Your prediction lies outside the "
                "error of that measurement.", lambda samples: True)])
    mean, error = measured[-1].mean(0), measured[-1].std(0, ddof=1) / len(measured[-1]) ** 0.5
    lines = [f"{name}: predicted {number:.4g}, measured {m:.4g} ± {e:.2g}" for name, number, m, e in
             zip(names, predicted, mean, error, strict=True)]
    return replace(finding, came="; ".join(lines))
