"""Checks of unit 09, Sticking the landing."""

from __future__ import annotations

import numpy as np

from autograder.checks.registry import part
from autograder.evidence import Finding, Mistake, compare, unbiased, zero
from autograder.probes import Probe, noise
from autograder.wire import ref

GAUSSIAN = "09_gaussian_path_derivative"
TOY = [ref("p"), ref("loc"), ref("log_scale"), ref("x")]
LOG_2PI = np.log(2 * np.pi)


def _toy_terms(loc: np.ndarray, log_scale: np.ndarray, x: np.ndarray, eps: np.ndarray) -> dict[str, np.ndarray]:
    """The three parts of the gradient on the toy, averaged over samples: ``(*B, 2 D)``, loc first. S is the score *term*."""
    s = np.exp(log_scale)
    z = loc + s * eps
    model, density = x - 2 * z, -eps / s                       # d/dz log p(x, z), and d/dz log q(z)
    both = lambda a, b: np.concatenate([a.mean(0), b.mean(0)], -1)  # noqa: E731
    return {
        "path": both(model - density, (model - density) * s * eps),
        "model": both(model, model * s * eps),
        "score": -both(eps / s, eps**2 - 1),
        "log_w": (-0.5 * z**2 - 0.5 * (x - z) ** 2 - 0.5 * LOG_2PI + 0.5 * eps**2 + log_scale).sum(-1),
    }


def _inputs(rng: np.random.Generator, samples: int = 4, batch: int = 3, dim: int = 2) -> tuple[dict[str, np.ndarray], np.ndarray]:
    params = {"loc": rng.normal(size=(batch, dim)), "log_scale": rng.uniform(-1.2, 0.3, (batch, dim)), "x": rng.normal(size=(batch, dim))}
    return params, rng.normal(size=(samples, batch, dim))


@part(GAUSSIAN, "The value is the ELBO estimate, one number per datum")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params, eps = _inputs(rng)
    log_w = _toy_terms(**params, eps=eps)["log_w"]
    reply = probe.gradient("toy/mean_field", params, *TOY, eps)
    return compare(reply.value, log_w.mean(0), what="the value", mistakes=[
        Mistake("sum_over_samples", "The ELBO estimate is the mean over the K samples, not their sum.", log_w.sum(0)),
        Mistake("mean_over_batch", "You averaged over the batch as well. Average over the samples, axis 0, alone.", log_w.mean()),
        Mistake("sum_over_batch", "You added up the batch as well. Keep one number per datum.", log_w.mean(0).sum()),
        Mistake("no_mean", "You returned one number per sample. Average over the K samples, axis 0.", log_w),
    ])


@part(GAUSSIAN, "The gradient at fixed noise is the path derivative", weight=2)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params, eps = _inputs(rng)
    terms = _toy_terms(**params, eps=eps)
    got = probe.gradient("toy/mean_field", params, *TOY, eps).flat(len(params["x"]))
    return compare(got, terms["path"], what="the gradient", mistakes=[
        Mistake("score_kept", "This is the total derivative: the score term is still there. Evaluate log q at detached parameters.",
                terms["path"] + terms["score"]),
        Mistake("sample_detached", "The gradient is zero, or has lost its path: z itself was detached. Detach the parameters inside "
                "log q, never the sample.", np.zeros_like(terms["path"])),
        Mistake("sample_detached", "The path is gone: z was detached, and only the score term is left.", terms["score"]),
        Mistake("score_sign", "The score term has been added a second time with the wrong sign instead of being dropped. On average that "
                "is right too, so no test of bias can see it.", terms["path"] - terms["score"]),
        Mistake("entropy_dropped", "The whole of log q was detached, so the entropy pulls no more. Keep the path through z in log q.",
                terms["model"]),
    ])


@part(GAUSSIAN, "On average it is the gradient of the ELBO")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    loc, log_scale, x = rng.normal(size=1), rng.uniform(-1.0, 0.2, 1), rng.normal(size=1)
    exact = np.concatenate([x - 2 * loc, 1 - 2 * np.exp(2 * log_scale)])

    def draw(count: int) -> np.ndarray:
        params = {name: np.tile(value, (count, 1)) for name, value in (("loc", loc), ("log_scale", log_scale), ("x", x))}
        return probe.gradient("toy/mean_field", params, *TOY, noise((2, count, 1), probe.fresh_seed())).flat(count)

    return unbiased(probe, draw, exact, names=["loc", "log_scale"], mistakes=[
        Mistake("sample_detached", "On average your gradient is zero: nothing but the score term is left of it.", np.zeros(2))])


@part(GAUSSIAN, "It vanishes at the posterior, for every draw")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    x = rng.normal(size=(5, 1))
    params = {"loc": x / 2, "log_scale": np.full_like(x, -0.5 * np.log(2)), "x": x}
    return zero(probe.gradient("toy/mean_field", params, *TOY, rng.normal(size=(3, 5, 1))).flat(), mistakes=[])
