"""Checks of unit 13: the importance-sampled likelihood, and which units are active."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from autograder.checks.compare import Finding, Mistake, compare
from autograder.checks.probe import Probe
from autograder.checks.registry import part
from autograder.checks.unit_13_reference import Arrays, ask_noise, build, density_terms, kl_terms, small_params
from autograder.protocol.wire import ref

LIKELIHOOD, ACTIVE = "13_likelihood", "13_active_units"
ASKED = [ref("encoder"), ref("decoder"), ref("x")]
LOG_2PI = np.log(2 * np.pi)


def _log_mean(log_w: np.ndarray) -> np.ndarray:
    top = log_w.max(0)
    return np.asarray(top + np.log(np.exp(log_w - top).mean(0)))


def _half_log_2pis(offset: np.ndarray) -> bool:
    """Whether all offsets are the same whole number of times 1/2 log 2 pi, and not none."""
    count = np.ravel(offset) / (0.5 * LOG_2PI)
    return bool(np.isfinite(count).all() and np.ptp(count) < 1e-6 and abs(count[0] - np.round(count[0])) < 1e-6 and abs(count[0]) > 0.5)


def _mistakes(t: Arrays) -> list[Mistake]:
    log_w = t["like"] + t["prior"] - t["q"]
    size = len(log_w)
    with np.errstate(all="ignore"):
        return [
            Mistake("mean_of_logs", "This is the mean of the log weights: the ELBO. Average the weights first, take the logarithm after.",
                    log_w.mean(0)),
            Mistake("log_k_missing", "You summed the weights. Take their mean: subtract log K.", _log_mean(log_w) + np.log(size)),
            Mistake("log_k_sign", "log K has the wrong sign: the mean is the sum *divided* by K.", _log_mean(log_w) + 2 * np.log(size)),
            Mistake("prior_missing", "The prior is missing from the weights: w = p(x | z) p(z) / q(z | x).", _log_mean(t["like"] - t["q"])),
            Mistake("q_missing", "The weights are not divided by q(z | x), which proposed z.", _log_mean(t["like"] + t["prior"])),
            Mistake("likelihood_only", "Averaging p(x | z) alone is right for z from the *prior*. Yours are from q: times p(z) / q(z | x).",
                    _log_mean(t["like"])),
            Mistake("density_of_noise", "You took the density of eps for that of z. z = loc + s eps is stretched by s, so log q(z | x) = "
                    "log N(eps; 0, 1) - log_scale, summed.", _log_mean(log_w - t["log_scales"])),
            Mistake("analytic_kl", "One closed-form KL cannot serve all the samples: inside the logarithm every sample needs its own "
                    "log p(z) - log q(z | x). (A published IWAE makes this mistake.)", _log_mean(t["like"]) - t["kl"]),
            Mistake("weights_inverted", "The weights are upside down: p over q.", _log_mean(t["like"] - t["prior"] + t["q"])),
            Mistake("best_sample", "This is the largest weight alone. Average all of them.", log_w.max(0)),
            Mistake("no_sum", "You returned one number per sample.", log_w),
            Mistake("mean_over_batch", "You averaged over the batch as well. One number for each datum.", _log_mean(log_w).mean()),
            Mistake("q_multiplied", "The weights are multiplied by q(z | x). Divide: subtract its logarithm.",
                    _log_mean(t["like"] + t["prior"] + t["q"])),
            Mistake("not_log", "This is the mean weight. Return its logarithm.", np.exp(_log_mean(log_w))),
            Mistake("log_of_batch", "You divided by the number of data, or by another count. Divide by K, the length of axis 0.",
                    lambda got: got.shape == log_w.shape[1:] and got.ndim == 1 and bool(
                        np.abs(got - _log_mean(log_w) - np.log(size / len(got))).max() < 1e-6)),
            Mistake("lost_2pi", "You are off by a multiple of 1/2 log 2 pi for each latent: prior and q both bring one, and they cancel.",
                    lambda got: got.shape == log_w.shape[1:] and _half_log_2pis(got - _log_mean(log_w))),
        ]


@part(LIKELIHOOD, "The value at fixed noise", weight=1.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params = small_params(rng)
    eps = ask_noise(rng, params, 5)
    t = density_terms(params, eps)
    return compare(probe.gradient("vae/small", params, *ASKED, eps).value, _log_mean(t["like"] + t["prior"] - t["q"]), _mistakes(t),
                   what="log p(x)")


@part(LIKELIHOOD, "Every sample twice: nothing changes", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params = small_params(rng)
    eps = np.repeat(ask_noise(rng, params, 3), 2, 0)
    t = density_terms(params, eps)
    return compare(probe.gradient("vae/small", params, *ASKED, eps).value, _log_mean(t["like"] + t["prior"] - t["q"]), _mistakes(t),
                   what="log p(x)")


@part(LIKELIHOOD, "Its exponential is unbiased for p(x): exactly, by quadrature")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    """One latent, one sample: the mean of exp(estimate) over the noise, on the nodes of a rule, against the integral over the prior."""
    params = small_params(rng, batch=(1,), latents=1, gain=0.6)
    grid = np.linspace(-9, 9, 1201)
    copies = {**params, "x": np.repeat(params["x"], len(grid), 0)}
    made = build(copies)
    with torch.no_grad():
        logits = made["decoder"](torch.from_numpy(grid)[:, None])
        like = -torch.nn.functional.binary_cross_entropy_with_logits(logits, made["x"], reduction="none").sum(-1).numpy()
        loc, log_scale = (value.numpy()[0, 0] for value in made["encoder"](made["x"]).chunk(2, -1))
    step = grid[1] - grid[0]
    exact = (np.exp(like - 0.5 * grid**2 - 0.5 * LOG_2PI)).sum() * step
    eps = (grid - loc) / np.exp(log_scale)                     # so that z runs over the grid
    got = np.asarray(probe.gradient("vae/small", copies, *ASKED, eps[None, :, None]).value, dtype=float)
    if got.shape != grid.shape:
        return compare(got, np.zeros(len(grid)), what="log p(x)")
    log_density = -0.5 * eps**2 - log_scale - 0.5 * LOG_2PI              # of z under q, which cancels what the weights divide by

    def log_integral(log_p: np.ndarray) -> np.ndarray:
        return np.asarray(_log_mean(log_density + log_p) + np.log(len(grid) * step))

    t = density_terms(copies, eps[None, :, None])
    mistakes = [Mistake(one.key, one.says, log_integral(one.value)) for one in _mistakes(t)
                if not callable(one.value) and np.shape(one.value) == grid.shape]
    return compare(log_integral(got), np.log(exact), mistakes, what="the log of the mean of exp(log p(x))")


@part(LIKELIHOOD, "Large pictures: weights smaller than any number")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params = small_params(rng, batch=(2,), pixels=1800)
    eps = ask_noise(rng, params, 4)
    t = density_terms(params, eps)
    underflow = Mistake("underflow", "exp(log w) is zero in floating point here, so its logarithm is minus infinity. Subtract the largest "
                        "log weight first: torch.logsumexp.", lambda got: not np.isfinite(np.asarray(got, dtype=float)).all())
    return compare(probe.gradient("vae/small", params, *ASKED, eps).value, _log_mean(t["like"] + t["prior"] - t["q"]),
                   [underflow, *_mistakes(t)], what="log p(x)")


@part(LIKELIHOOD, "One datum alone, one sample", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params = small_params(rng, batch=())
    eps = ask_noise(rng, params, 1)
    t = density_terms(params, eps)
    return compare(probe.gradient("vae/small", params, *ASKED, eps).value, _log_mean(t["like"] + t["prior"] - t["q"]),
                   [one for one in _mistakes(t) if one.key not in ("mean_of_logs", "best_sample")], what="log p(x)")


# ------------------------------------------------------------------ active units

def _activity(params: Arrays) -> tuple[np.ndarray, np.ndarray, list[Mistake], list[Mistake]]:
    made = build(params)
    with torch.no_grad():
        loc, log_scale = made["encoder"](made["x"]).chunk(2, -1)
        kl = kl_terms(loc, log_scale)
    variance, kls = loc.var(0).numpy(), kl.numpy()
    rows, s = len(loc), log_scale.exp()
    first = [
        Mistake("divided_by_n", "You divided by N. The variance over a sample divides by N - 1.", variance * (rows - 1) / rows),
        Mistake("standard_deviation", "These are standard deviations. Activity is a variance.", np.sqrt(variance)),
        Mistake("second_moment", "You forgot to subtract the mean: this is the mean of the squares.", loc.square().mean(0).numpy()),
        Mistake("posterior_variance", "This is the average variance of q(z | x), how unsure the encoder is. Activity is the variance "
                "over the *data* of its means: a collapsed unit has posterior variance one and activity zero.", s.square().mean(0).numpy()),
        Mistake("total_variance", "This is the variance of samples, posterior variance included. Take the variance of the means alone.",
                variance + s.square().mean(0).numpy()),
        Mistake("over_latents", "You took the variance over the latents. It is over the data, axis 0.", loc.var(-1).numpy()),
        Mistake("pooled", "You pooled all latents into one number.", np.array(float(loc.var()))),
        Mistake("of_log_scale", "This is the variance of log_scale. The first half of what the encoder writes is the mean.",
                log_scale.var(0).numpy()),
        Mistake("swapped", "Return the activities first, then the divergences.", kls.mean(0)),
        Mistake("sorted", "The activities were sorted. Keep the order of the latents, so that each stays beside its divergence.",
                np.sort(variance)[::-1]),
        Mistake("sorted", "The activities were sorted. Keep the order of the latents, so that each stays beside its divergence.",
                np.sort(variance)),
    ]
    second = [
        Mistake("kl_summed", "You summed the divergences over the data. Average them.", kls.sum(0)),
        Mistake("kl_over_latents", "You averaged over the latents. Average over the data, axis 0, and keep the latents.", kls.mean(-1)),
        Mistake("kl_pooled", "One number for each latent, please, not one in all.", np.array(kls.sum(-1).mean())),
        Mistake("kl_pooled", "One number for each latent, please, not one in all.", np.array(kls.mean())),
        Mistake("kl_of_the_average", "This is the divergence of the average parameters. Average the divergences: the KL is not linear.",
                kl_terms(loc.mean(0), log_scale.mean(0)).numpy()),
        Mistake("log_variance", "log_scale was used as a log variance.", kl_terms(loc, log_scale / 2).mean(0).numpy()),
        Mistake("swapped", "Return the activities first, then the divergences.", variance),
        Mistake("kl_sign", "A divergence is never negative.", -kls.mean(0)),
    ]
    return variance, kls.mean(0), first, second


def _two(probe: Probe, params: Arrays) -> tuple[Any, Any]:
    reply = probe.value(ref("encoder"), ref("x"), problem="vae/small", params=params)
    if not isinstance(reply, list) or len(reply) != 2:
        wrong = {"$type": "result that is not two tensors (activity, divergence)"}
        return wrong, wrong
    return reply[0], reply[1]


def _out_of_order(rng: np.random.Generator) -> Arrays:
    """Inputs whose activities neither rise nor fall from latent to latent: where they do, sorting them would not show."""
    while True:
        params = small_params(rng, batch=(12,), latents=3)
        steps = np.diff(_activity(params)[0])
        if steps.min() < 0 < steps.max():
            return params


@part(ACTIVE, "Activity: the variance over the data of the posterior means", weight=1.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params = _out_of_order(rng)
    activity, _, mistakes, _ = _activity(params)
    return compare(_two(probe, params)[0], activity, mistakes, what="the activity")


@part(ACTIVE, "Divergence: the mean over the data of each latent's KL")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params = small_params(rng, batch=(12,), latents=3)
    _, kl, _, mistakes = _activity(params)
    return compare(_two(probe, params)[1], kl, mistakes, what="the divergence")


@part(ACTIVE, "Data that are all alike: no activity, whatever the divergence", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params = small_params(rng, batch=(1,), latents=3)
    params["x"] = np.repeat(params["x"], 6, 0)
    activity, kl, mistakes, more = _activity(params)
    got = _two(probe, params)
    first = compare(got[0], activity, mistakes[3:5], what="the activity")
    return first if not first.ok else compare(got[1], kl, more, what="the divergence")
