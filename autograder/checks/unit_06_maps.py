"""Checks of unit 06: a location-scale sample with its density, and the pathwise gradient of the ELBO."""

from __future__ import annotations

import numpy as np

from autograder.checks.registry import part
from autograder.checks.unit_06_reference import hermite, logcosh_terms, random_toy
from autograder.checks.unit_09_reference import toy_start, toy_terms
from autograder.evidence import Finding, Mistake, compare
from autograder.probes import Probe
from autograder.wire import ref

SAMPLE = "06_location_scale"
PATHWISE = "06_pathwise_elbo"
HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)
TOY = [ref("p"), ref("loc"), ref("log_scale"), ref("x")]

DETACHED = "The sample has forgotten its parameters: something on the way to z was detached, drawn with sample(), or made under no_grad."
AS_SCALE = "log_scale was used as the standard deviation itself. Take its exponential first."
AS_VARIANCE = "exp(log_scale) was used as the variance. It is the standard deviation."
NOT_SUMMED = "One number for each coordinate: a density of a vector adds up the logarithms over the last axis."


def _inputs(rng: np.random.Generator, batch: tuple[int, ...] = (3,), samples: int = 4) -> dict[str, np.ndarray]:
    shape = (*batch, 2)
    return {"loc": rng.normal(size=shape), "log_scale": rng.uniform(-1.2, -0.2, shape) * rng.choice([-1, 1], shape),
            "eps": rng.normal(size=(samples, *shape)), "weight": rng.uniform(0.5, 2, (samples, *shape))}


def _own_noise(first: object, second: object) -> Finding | None:
    """What to say if two calls with the same noise give two answers."""
    if not (isinstance(first, np.ndarray) and isinstance(second, np.ndarray)) or first.shape != second.shape:
        return None
    if np.allclose(first, second, rtol=1e-3, atol=1e-6, equal_nan=True):
        return None
    return Finding(False, "the same answer to the same noise", "two different answers", "own_noise",
                   "You drew noise of your own: rsample() does, and so does randn. Use eps, in a formula.")


def _density(given: dict[str, np.ndarray]) -> np.ndarray:
    """log N(eps; 0, I) - sum log s, coordinate by coordinate."""
    return -0.5 * given["eps"] ** 2 - HALF_LOG_2PI - given["log_scale"]


@part(SAMPLE, "z = loc + scale * eps")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    given = _inputs(rng)
    loc, log_scale, eps = given["loc"], given["log_scale"], given["eps"]
    (came, log_q), (again, _) = ((reply["z"], reply["log_q"]) for reply in (probe.drive("map/pair", **given) for _ in range(2)))
    exchanged = isinstance(came, np.ndarray) and isinstance(log_q, np.ndarray) and came.ndim < log_q.ndim
    return _own_noise(came, again) or compare(came, loc + np.exp(log_scale) * eps, what="z", mistakes=[
        Mistake("order_swapped", "The two are exchanged: z comes first, then log q.", lambda got: exchanged),
        Mistake("log_scale_as_scale", AS_SCALE, loc + log_scale * eps),
        Mistake("variance_as_scale", AS_VARIANCE, loc + np.exp(log_scale / 2) * eps),
        Mistake("variance_as_scale", "This multiplies the noise by the variance. It is the standard deviation that belongs there.",
                loc + np.exp(2 * log_scale) * eps),
    ])


@part(SAMPLE, "Its log density, by change of variables")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    given = _inputs(rng)
    terms, log_scale = _density(given), given["log_scale"]
    return compare(probe.drive("map/pair", **given)["log_q"], terms.sum(-1), what="log q(z)", mistakes=[
        Mistake("jacobian_sign", "The Jacobian has the wrong sign: where the map stretches, the density becomes thinner. Subtract log s.",
                (terms + 2 * log_scale).sum(-1)),
        Mistake("jacobian_missing", "This is the density of the noise at eps. Moving to z = t(eps) divides it by the stretch, |dz/deps|.",
                (terms + log_scale).sum(-1)),
        Mistake("not_summed", NOT_SUMMED, terms),
        Mistake("constant_missing", "The constant is missing: each coordinate brings -log(2 pi) / 2. A bound needs it.",
                (terms + HALF_LOG_2PI).sum(-1)),
        Mistake("log_scale_as_scale", AS_SCALE, (terms + log_scale - np.log(np.abs(log_scale))).sum(-1)),
        Mistake("variance_as_scale", AS_VARIANCE, (terms + log_scale / 2).sum(-1)),
        Mistake("mean_over_batch", "You averaged over the batch too. Keep one number for each sample and datum.", terms.sum(-1).mean(-1)),
        Mistake("sum_over_all", "You summed over samples and batch too. Keep one number for each sample and datum.", terms.sum()),
        Mistake("jacobian_over_batch", "The Jacobian adds up log s over the whole batch. Each datum has its own: sum over the last axis.",
                (terms + log_scale).sum(-1) - log_scale.sum()),
    ])


@part(SAMPLE, "Both know their parameters: gradients at fixed noise")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    given = _inputs(rng)
    reply, scale = probe.drive("map/pair", **given), np.exp(given["log_scale"])
    slope_z = np.concatenate([given["weight"].sum(0), (given["weight"] * given["eps"] * scale).sum(0)], -1)
    finding = compare(reply["slope_z"], slope_z, what="the gradient of z", mistakes=[
        Mistake("sample_detached", DETACHED, np.zeros_like(slope_z)),
    ])
    if not finding.ok:
        return finding
    eps, weight = given["eps"], given["weight"][..., :1]                   # each row of log q is pulled back with a weight of its own
    through_z = -np.concatenate([(weight * eps / scale).sum(0), (weight * eps**2).sum(0)], -1)
    at_fixed_z = np.concatenate([(weight * eps / scale).sum(0), (weight * (eps**2 - 1)).sum(0)], -1)
    total = np.concatenate([0 * scale, -weight.sum(0) + 0 * scale], -1)
    return compare(reply["slope_q"], total, what="the gradient of log q(z)", mistakes=[
        Mistake("density_detached", "log q holds its parameters constant, or has no graph at all. Here it is to be the density with all "
                "that it depends on.", through_z),
        Mistake("density_detached", "log q has no graph: its value is right, and it teaches nothing.", np.zeros_like(total)),
        Mistake("density_at_fixed_z", "log q was evaluated at a detached z. Its path through the sample is gone.", at_fixed_z),
    ])


@part(SAMPLE, "One sample of one datum, no batch axis; and scales from 1e-6 to 1e6", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    given = _inputs(rng, batch=(), samples=1)
    given["log_scale"] = np.log(10.0) * np.array([-6.0, 6.0])
    reply = probe.drive("map/pair", **given)
    finding = compare(reply["z"], given["loc"] + np.exp(given["log_scale"]) * given["eps"], what="z", rtol=1e-6)
    return finding if not finding.ok else compare(reply["log_q"], _density(given).sum(-1), what="log q(z)", mistakes=[
        Mistake("not_summed", NOT_SUMMED, _density(given))])


# ------------------------------------------------------------------ the pathwise gradient

NEGATIVE = "The sign is turned: this is a loss. Return the bound itself; whoever optimizes turns the sign."
ENTROPY_DROPPED = ("The path through log q is cut: log q was detached, or evaluated at a detached z. So the entropy pulls no more, and q "
                   "would shrink to a point. Freeze nothing.")
SCORE_DROPPED = ("Unbiased, but not what was asked: the parameters were held constant inside log q. That is sticking the landing, unit 09. "
                 "Here, freeze nothing.")
SCORE_LEFT = "z stands still: what is left is the gradient of -log q at a fixed z, whose mean is zero (unit 03). " + DETACHED


@part(PATHWISE, "The value is the ELBO estimate, one number per datum")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params, eps = random_toy(rng)
    log_w = toy_terms(**params, eps=eps)["log_w"]
    log_q = (-0.5 * eps**2 - HALF_LOG_2PI - params["log_scale"]).sum(-1)
    came, again = (probe.gradient("toy/mean_field", params, *TOY, eps).value for _ in range(2))
    return _own_noise(came, again) or compare(came, log_w.mean(0), what="the value", mistakes=[
        Mistake("negative", NEGATIVE, -log_w.mean(0)),
        Mistake("log_of_mean", "This is the logarithm of the mean weight, another bound. The ELBO is the mean of the logarithms.",
                np.log(np.exp(log_w).mean(0))),
        Mistake("sum_over_samples", "The ELBO estimate is the mean over the K samples, not their sum.", log_w.sum(0)),
        Mistake("mean_over_batch", "You averaged over the batch as well. Average over the samples, axis 0, alone.", log_w.mean()),
        Mistake("no_mean", "You returned one number per sample. Average over the K samples, axis 0.", log_w),
        Mistake("entropy_missing", "This is the average of log p alone. Subtract log q.", (log_w + log_q).mean(0)),
        Mistake("entropy_sign", "log q came in with a plus. The log weight is log p - log q.", (log_w + 2 * log_q).mean(0)),
    ])


@part(PATHWISE, "The gradient at fixed noise, on the toy", weight=1.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params, eps = random_toy(rng)
    terms = toy_terms(**params, eps=eps)
    total = terms["path"] + terms["score"]
    return compare(probe.gradient("toy/mean_field", params, *TOY, eps).flat(len(params["x"])), total, what="the gradient", mistakes=[
        Mistake("negative", NEGATIVE, -total),
        Mistake("sample_detached", SCORE_LEFT, terms["score"]),
        Mistake("sample_detached", DETACHED, np.zeros_like(total)),
        Mistake("score_dropped", SCORE_DROPPED, terms["path"]),
        Mistake("entropy_dropped", ENTROPY_DROPPED, terms["model"]),
        Mistake("entropy_dropped", ENTROPY_DROPPED, terms["model"] + terms["score"]),
    ])


@part(PATHWISE, "The gradient at fixed noise, of a model that is not Gaussian")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params, eps = random_toy(rng)
    terms = logcosh_terms(**params, eps=eps)
    return compare(probe.gradient("logcosh/mean_field", params, *TOY, eps).flat(len(params["x"])), terms["total"], what="the gradient",
                   mistakes=[
        Mistake("negative", NEGATIVE, -terms["total"]),
        Mistake("score_dropped", SCORE_DROPPED, terms["path"]),
        Mistake("sample_detached", SCORE_LEFT, terms["score"]),
        Mistake("entropy_dropped", ENTROPY_DROPPED, terms["model"]),
        Mistake("sample_detached", DETACHED, np.zeros_like(terms["total"])),
    ])


@part(PATHWISE, "Averaged over all noise, by quadrature: the exact gradient")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    one, exact = toy_start(rng)
    points, weights = hermite(12)
    params = {name: np.tile(value, (len(points), 1)) for name, value in one.items()}
    rows = probe.gradient("toy/mean_field", params, *TOY, points[None, :, None]).flat(len(points))
    return compare(weights @ rows, exact, what="the mean gradient of (loc, log_scale)", mistakes=[
        Mistake("negative", NEGATIVE, -exact),
        Mistake("sample_detached", "On average your gradient is zero. " + DETACHED, np.zeros(2)),
        Mistake("entropy_dropped", ENTROPY_DROPPED, exact - np.array([0.0, 1.0])),
    ])


@part(PATHWISE, "One sample of one datum, no batch axis", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params, eps = random_toy(rng, batch=(), samples=1)
    log_w = toy_terms(**params, eps=eps)["log_w"]
    return compare(probe.gradient("toy/mean_field", params, *TOY, eps).value, log_w.mean(0), what="the value", mistakes=[
        Mistake("no_mean", "You returned one number per sample. Average over the K samples, axis 0.", log_w),
        Mistake("negative", NEGATIVE, -log_w.mean(0))])
