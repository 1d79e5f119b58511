"""Checks of unit 13: the analytic KL, and the objective of a variational autoencoder."""

from __future__ import annotations

import numpy as np
import torch

from autograder.checks.registry import part
from autograder.checks.unit_13_reference import ask_noise, build, gradients, kl_terms, objectives, small_params
from autograder.evidence import Finding, Mistake, compare, holds
from autograder.probes import Probe
from autograder.wire import ref

KL, OBJECTIVE = "13_kl", "13_objective"
ASKED = [ref("encoder"), ref("decoder"), ref("x")]


def _kl(loc: np.ndarray, log_scale: np.ndarray) -> np.ndarray:
    return kl_terms(torch.from_numpy(loc), torch.from_numpy(log_scale)).numpy()


def _kl_mistakes(loc: np.ndarray, log_scale: np.ndarray) -> list[Mistake]:
    right, s = _kl(loc, log_scale), np.maximum(np.exp(log_scale), 1e-150)
    return [
        Mistake("summed", "You summed over the coordinates. Keep them: exercise 5 wants to see each latent by itself.", right.sum(-1)),
        Mistake("averaged", "You averaged over the coordinates. Keep them.", right.mean(-1)),
        Mistake("sign", "The sign is turned: a divergence is never negative.", -right),
        Mistake("log_variance", "You used log_scale as the logarithm of the *variance*. In this course it is that of the standard "
                "deviation, so s squared is exp(2 log_scale).", _kl(loc, log_scale / 2)),
        Mistake("log_scale_as_scale", "log_scale is the logarithm of s: exponentiate it.", 0.5 * (loc**2 + log_scale**2 - 1)
                - np.log(np.abs(log_scale) + 1e-300)),
        Mistake("log_scale_as_scale", "You took the logarithm of log_scale. It is a logarithm already: s is its exponential.",
                lambda got: got.shape == right.shape and np.isnan(got).any() and bool((np.isnan(got) == (log_scale < 0)).all())),
        Mistake("in_bits", "This is in bits. In nats, as everywhere in the course, the logarithm is natural.", right / np.log(2)),
        Mistake("scale_for_variance", "Somewhere s stands where its square belongs.", 0.5 * (loc**2 + s - 1 - 2 * log_scale)),
        Mistake("reversed", "This is KL(p || q). The expectation is under q, the first argument.",
                log_scale + 0.5 * (1 + loc**2) / s**2 - 0.5),
        Mistake("half_lost", "The minus one half is missing: for q = p the KL must be zero.", right + 0.5),
        Mistake("factor_two", "You are off by a factor of two: the one half in front is missing.", 2 * right),
        Mistake("mean_forgotten", "The squared mean is missing: a q that sits far from zero is far from the prior.", right - 0.5 * loc**2),
        Mistake("mean_not_squared", "The mean enters squared.", right - 0.5 * loc**2 + 0.5 * loc),
        Mistake("entropy_only", "The logarithm of s enters with a factor of one: 1/2 log s squared = log s.", right + 0.5 * log_scale),
    ]


def _inputs(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    return rng.normal(size=shape), rng.uniform(-1.6, -0.4, shape) * rng.choice([-0.6, 1.0], shape)


@part(KL, "Values, one for each coordinate", weight=1.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    args = _inputs(rng, (4, 3))
    return compare(probe.value(*args), _kl(*args), _kl_mistakes(*args), what="the KL")


@part(KL, "A narrow q against the integral, by quadrature")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    m, s = float(rng.normal()), float(rng.uniform(0.2, 0.4))
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    z = m + s * nodes
    integrand = -0.5 * nodes**2 - np.log(s) + 0.5 * z**2
    args = np.array([m]), np.log([s])
    return compare(probe.value(*args), np.array([(weights / weights.sum()) @ integrand]), _kl_mistakes(*args), what="the KL")


@part(KL, "Zero for the prior itself, positive elsewhere", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    zeros = np.zeros((2, 3))
    at_prior = compare(probe.value(zeros, zeros), zeros, _kl_mistakes(zeros, zeros), what="the KL of the prior to itself")
    if not at_prior.ok:
        return at_prior
    args = _inputs(rng, (5, 2))
    got = np.asarray(probe.value(*args), dtype=float)
    return holds(bool((got > 0).all()), "positive for every other q", f"the least is {got.min():.4g}", "sign",
                 "A divergence is never negative.")


@part(KL, "A very narrow q: large, and finite", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    args = rng.normal(size=(2, 2)), np.full((2, 2), -400.0)
    return compare(probe.value(*args), _kl(*args), [
        Mistake("log_of_exp", "exp(2 log_scale) is zero in floating point here, and its logarithm minus infinity. Keep log_scale as it is.",
                lambda got: not np.isfinite(np.asarray(got, dtype=float)).all()), *_kl_mistakes(*args)], what="the KL")


SAYS = {
    "sample_detached": "The gradient of the reconstruction does not reach the encoder: something was detached between the encoder's "
                       "numbers and z. Write z = loc + exp(log_scale) * eps from the numbers as they are.",
    "kl_detached": "The KL does not pull on the encoder: it was computed without a graph.",
    "kl_missing": "This is the reconstruction term alone. Subtract the KL to the prior.",
    "kl_sign": "The KL is added. It is a cost: subtract it.",
    "loss_sign": "This is the negative ELBO, a loss. Return the ELBO itself, the thing to climb.",
    "kl_reversed": "This is KL(prior || q). The expectation is under q: KL(q || prior).",
    "log_scale_as_log_variance": "You read the encoder's second half as log variances. They are logarithms of standard deviations.",
    "kl_of_log_variance": "The sample is right, but the KL reads log_scale as a log variance.",
    "sample_of_log_variance": "The KL is right, but the sample reads log_scale as a log variance: z = loc + exp(log_scale) * eps.",
    "log_scale_as_scale": "log_scale is the logarithm of s: z = loc + exp(log_scale) * eps.",
    "mean_over_pixels": "You averaged over the pixels. log p(x | z) of independent pixels is a *sum*; with a mean the KL outweighs it "
                        "Dx times, and the latents collapse.",
    "kl_mean_over_latents": "You averaged the KL over the latents. Sum it.",
    "sum_over_samples": "The expectation of log p(x | z) is estimated by the *mean* over the K samples, not by their sum.",
    "kl_for_each_sample": "The KL was subtracted once for each sample. It is there once.",
    "sampled_kl": "Right on average, but the KL was estimated from the samples. This exercise asks for its closed form, from exercise 1.",
    "no_noise": "You decoded the mean. The expectation is over z = loc + exp(log_scale) * eps: use eps.",
    "squared_error": "This is a squared error. The pixels are bits: log p(x | z) = sum x log p + (1 - x) log(1 - p).",
    "sigmoid_twice": "The sigmoid is applied twice. The decoder writes logits, and the function you call expects logits too.",
    "no_mean": "You returned one number per sample. Average over the K samples, axis 0.",
    "mean_over_batch": "You averaged over the batch as well. One number for each datum.",
    "sum_over_batch": "You summed over the batch. One number for each datum.",
    "halves_swapped": "The first half of what the encoder writes is loc, the second log_scale.",
}


@part(OBJECTIVE, "The value at fixed noise, one number per datum", weight=1.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params = small_params(rng)
    eps = ask_noise(rng, params)
    found, _ = objectives(params, eps)
    mistakes = [Mistake(key, SAYS[key], value.detach().numpy()) for key, value in found.items()
                if key not in ("right", "sample_detached", "kl_detached")]
    came, again = (probe.gradient("vae/small", params, *ASKED, eps).value for _ in range(2))
    if isinstance(came, np.ndarray) and isinstance(again, np.ndarray) and came.shape == again.shape and not np.allclose(
            came, again, rtol=1e-3, atol=1e-6, equal_nan=True):
        return Finding(False, "the same answer to the same noise", "two different answers", "own_noise",
                       "You drew noise of your own. Use eps: z = loc + exp(log_scale) * eps.")
    return compare(came, found["right"].detach().numpy(), mistakes, what="the objective")


@part(OBJECTIVE, "The gradient at fixed noise, for encoder and decoder", weight=1.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params = small_params(rng)
    eps = ask_noise(rng, params)
    found, learn = objectives(params, eps)
    reply = probe.gradient("vae/small", params, *ASKED, eps)
    if reply.unused and all(name.startswith("encoder") for name in reply.unused) and len(reply.unused) == len(learn) // 2:
        return Finding(False, "a gradient that reaches the encoder", "none of its parameters is reached", "encoder_detached",
                       "Everything that came from the encoder was cut off from it: no detach, no no_grad, no .item() on the way.")
    slopes = {key: gradients(value, learn, params["x"], reply.seed) for key, value in found.items()}
    mistakes = [Mistake(key, SAYS[key], value) for key, value in slopes.items() if key != "right"]
    return compare(reply.flat(), slopes["right"], mistakes, what="the gradient")


@part(OBJECTIVE, "One datum alone, one sample: no batch axis at all", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params = small_params(rng, batch=())
    eps = ask_noise(rng, params, samples=1)
    found, _ = objectives(params, eps)
    mistakes = [Mistake(key, SAYS[key], found[key].detach().numpy()) for key in ("no_mean", "sampled_kl", "mean_over_pixels")]
    return compare(probe.gradient("vae/small", params, *ASKED, eps).value, found["right"].detach().numpy(), mistakes, what="the objective")


@part(OBJECTIVE, "Confident decoders: logits of several hundred", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params = small_params(rng, gain=400.0)
    eps = ask_noise(rng, params)
    found, _ = objectives(params, eps)
    right = found["right"].detach().numpy()

    def lost(got: np.ndarray) -> bool:
        """Not finite, or too high by tens of nats: a clamp makes the pixels that are far off cheaper, and nothing dearer."""
        return not np.isfinite(got).all() or (got.shape == right.shape and bool((got > right - 0.01).all() and (got > right + 20).any()))

    known = [Mistake(key, SAYS[key], value.detach().numpy()) for key, value in found.items()
             if key not in ("right", "sample_detached", "kl_detached")]
    return compare(probe.gradient("vae/small", params, *ASKED, eps).value, right, [*known, Mistake(
        "log_of_sigmoid", "sigmoid rounds to 0 or 1 and its logarithm overflows (or was clamped). Compute log p from the logits: "
        "logsigmoid, or binary_cross_entropy_with_logits.", lost)], what="the objective")


@part(OBJECTIVE, "On average over the noise it is the ELBO, by quadrature", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    """One latent: nodes of a Gauss-Hermite rule stand in for the samples of as many copies of one datum."""
    params = small_params(rng, batch=(1,), latents=1, gain=1.0)
    nodes, weights = np.polynomial.hermite_e.hermegauss(48)
    weights = weights / weights.sum()
    made = build(params)
    with torch.no_grad():
        loc, log_scale = made["encoder"](made["x"]).chunk(2, -1)
        z = loc + log_scale.exp() * torch.from_numpy(nodes)[:, None]
        like = -torch.nn.functional.binary_cross_entropy_with_logits(made["decoder"](z), made["x"].expand(48, -1), reduction="none").sum(-1)
        exact = float(torch.from_numpy(weights) @ like) - float(kl_terms(loc, log_scale).sum())
    copies = {**params, "x": np.repeat(params["x"], 48, 0)}
    got = np.asarray(probe.gradient("vae/small", copies, *ASKED, nodes[None, :, None]).value, dtype=float)
    if got.shape != (48,):
        return compare(got, np.zeros(48), what="the objective")
    return compare(weights @ got, np.array(exact), what="its mean over the noise")
