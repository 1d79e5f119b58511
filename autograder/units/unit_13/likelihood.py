"""The test likelihood by importance sampling."""

from __future__ import annotations

import numpy as np
import torch

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.protocol.wire import ref
from autograder.units.shared import LOG_2PI, Arrays, as_array
from autograder.units.unit_13.reference import (
    ask_noise,
    bits_log_prob,
    build,
    easy_and_hard,
    kl_terms,
    narrow_and_wide,
    normal_log_prob,
    small_params,
)

EXERCISE = exercise(
    __name__,
    title="The test likelihood by importance sampling",
    function="importance_log_likelihood",
    points=3,
    difficulty=3,
    importance=5,
    minutes=25,
    read="section 6, How good is it?",
    hides=["bounds:iwae", "diagnostics.log_evidence:importance_log_evidence"],
)


def density_terms(params: Arrays, eps: np.ndarray) -> Arrays:
    """log p(x | z), log p(z), log q(z | x), all ``(K, *B)``; the KL ``(*B)``; and the sum of the log scales ``(*B)``."""
    made = build(params)
    with torch.no_grad():
        loc, log_scale = made["encoder"](made["x"]).chunk(2, -1)
        z = loc + log_scale.exp() * torch.from_numpy(eps)
        like = bits_log_prob(made["x"], made["decoder"](z)).sum(-1)
        found = {
            "like": like,
            "prior": normal_log_prob(z),
            "q": normal_log_prob(z, loc, log_scale),
            "kl": kl_terms(loc, log_scale).sum(-1),
            "log_scales": log_scale.sum(-1),
        }
    return {name: value.numpy() for name, value in found.items()}


ASKED = [ref("encoder"), ref("decoder"), ref("x")]


def _log_mean(log_w: np.ndarray) -> np.ndarray:
    top = log_w.max(0)
    return np.asarray(top + np.log(np.exp(log_w - top).mean(0)))


def _mistakes(t: Arrays) -> list[Mistake]:
    log_w = t["like"] + t["prior"] - t["q"]
    size = len(log_w)
    with np.errstate(all="ignore"):
        return [
            Mistake(
                "mean_of_logs",
                "This is the mean of the log weights: the ELBO. Average the weights first, take the logarithm after.",
                log_w.mean(0),
            ),
            Mistake(
                "log_k_missing",
                "You summed the weights. Take their mean: subtract log K.",
                _log_mean(log_w) + np.log(size),
            ),
            Mistake(
                "log_k_sign",
                "log K has the wrong sign: the mean is the sum *divided* by K.",
                _log_mean(log_w) + 2 * np.log(size),
            ),
            Mistake(
                "prior_missing",
                "The prior is missing from the weights: w = p(x | z) p(z) / q(z | x).",
                _log_mean(t["like"] - t["q"]),
            ),
            Mistake(
                "q_missing",
                "The weights are not divided by q(z | x), which proposed z.",
                _log_mean(t["like"] + t["prior"]),
            ),
            Mistake(
                "likelihood_only",
                "Averaging p(x | z) alone is right for z from the *prior*. Yours are from q: times p(z) / q(z | x).",
                _log_mean(t["like"]),
            ),
            Mistake(
                "density_of_noise",
                "You took the density of eps for that of z. z = loc + s eps is stretched by s, so log q(z | x) = "
                "log N(eps; 0, 1) - log_scale, summed.",
                _log_mean(log_w - t["log_scales"]),
            ),
            Mistake(
                "analytic_kl",
                "One closed-form KL cannot serve all the samples: inside the logarithm every sample needs its own "
                "log p(z) - log q(z | x). (A published IWAE makes this mistake.)",
                _log_mean(t["like"]) - t["kl"],
            ),
            Mistake(
                "weights_inverted",
                "The weights are upside down: p over q.",
                _log_mean(t["like"] - t["prior"] + t["q"]),
            ),
            Mistake(
                "best_sample",
                "This is the largest weight alone. Average all of them.",
                log_w.max(0),
            ),
            Mistake("no_sum", "You returned one number per sample.", log_w),
            Mistake(
                "mean_over_batch",
                "You averaged over the batch as well. One number for each datum.",
                _log_mean(log_w).mean(),
            ),
            Mistake(
                "q_multiplied",
                "The weights are multiplied by q(z | x). Divide: subtract its logarithm.",
                _log_mean(t["like"] + t["prior"] + t["q"]),
            ),
            Mistake(
                "not_log",
                "This is the mean weight. Return its logarithm.",
                np.exp(_log_mean(log_w)),
            ),
            *(
                Mistake(
                    "log_of_batch",
                    "You divided by the number of data. Divide by K, the length of axis 0.",
                    _log_mean(log_w) + np.log(size / rows),
                )
                for rows in log_w.shape[1:2]
            ),
        ]


def _compare(probe: Probe, params: Arrays, eps: np.ndarray) -> Finding:
    t = density_terms(params, eps)
    return compare(
        probe.value(*ASKED, eps, problem="vae/small", params=params),
        _log_mean(t["like"] + t["prior"] - t["q"]),
        _mistakes(t),
        rtol=1e-9,
        what="log p(x)",
    )


@EXERCISE.part("The value at fixed noise", weight=1.5)
def value(probe: Probe, rng: np.random.Generator) -> Finding:
    params = small_params(rng, batch=(4,), latents=3)
    return _compare(probe, params, ask_noise(rng, params, 6))


@EXERCISE.part("Many samples, every one twice: nothing changes", weight=0.5)
def doubled_samples(probe: Probe, rng: np.random.Generator) -> Finding:
    params = small_params(rng)
    return _compare(probe, params, np.repeat(ask_noise(rng, params, 120), 2, 0))


@EXERCISE.part("Narrow and wide posteriors, data on two axes", weight=0.5)
def narrow_and_wide_posteriors(probe: Probe, rng: np.random.Generator) -> Finding:
    params = narrow_and_wide(rng)
    return _compare(probe, params, ask_noise(rng, params, 5))


@EXERCISE.part("Its exponential is unbiased for p(x): exactly, by quadrature")
def unbiased_by_quadrature(probe: Probe, rng: np.random.Generator) -> Finding:
    """One latent, one sample: the mean of exp(estimate) over the noise, on the nodes of a rule, against the integral over the prior."""
    params = small_params(rng, batch=(1,), latents=1, gain=0.6)
    grid = np.linspace(-9, 9, 1201)
    copies = {**params, "x": np.repeat(params["x"], len(grid), 0)}
    made = build(copies)
    with torch.no_grad():
        logits = made["decoder"](torch.from_numpy(grid)[:, None])
        like = (
            -torch.nn.functional.binary_cross_entropy_with_logits(
                logits, made["x"], reduction="none"
            )
            .sum(-1)
            .numpy()
        )
        loc, log_scale = (value.numpy()[0, 0] for value in made["encoder"](made["x"]).chunk(2, -1))
    step = grid[1] - grid[0]
    exact = (np.exp(like - 0.5 * grid**2 - 0.5 * LOG_2PI)).sum() * step
    eps = (grid - loc) / np.exp(log_scale)  # so that z runs over the grid
    got = as_array(probe.value(*ASKED, eps[None, :, None], problem="vae/small", params=copies))
    if got.shape != grid.shape:
        return compare(got, np.zeros(len(grid)), what="log p(x)")
    log_density = (
        -0.5 * eps**2 - log_scale - 0.5 * LOG_2PI
    )  # of z under q, which cancels what the weights divide by

    def log_integral(log_p: np.ndarray) -> np.ndarray:
        return np.asarray(_log_mean(log_density + log_p) + np.log(len(grid) * step))

    t = density_terms(copies, eps[None, :, None])
    mistakes = [
        Mistake(one.key, one.hint, log_integral(one.value))
        for one in _mistakes(t)
        if not callable(one.value) and np.shape(one.value) == grid.shape
    ]
    return compare(
        log_integral(got), np.log(exact), mistakes, what="the log of the mean of exp(log p(x))"
    )


@EXERCISE.part("Large pictures, an easy and a hard one: weights smaller than any number")
def large_pictures(probe: Probe, rng: np.random.Generator) -> Finding:
    params = easy_and_hard(rng, pixels=3600)
    eps = ask_noise(rng, params, 4)
    t = density_terms(params, eps)
    log_w = t["like"] + t["prior"] - t["q"]
    got, right = (
        as_array(probe.value(*ASKED, eps, problem="vae/small", params=params)),
        _log_mean(log_w),
    )
    with np.errstate(all="ignore"):
        naive = np.log(np.exp(log_w).mean(0))
        one_shift = log_w.max() + np.log(np.exp(log_w - log_w.max()).mean(0))
    if np.array_equal(got, naive):
        return Finding(
            False,
            f"log p(x) is finite: {right.max():.5g} and {right.min():.5g}",
            "minus infinity for every image",
            "underflow",
            "exp(log w) is zero in floating point here, so its logarithm is minus infinity. "
            "Subtract the largest log weight first: torch.logsumexp.",
        )
    if got.shape == right.shape and np.isneginf(got).sum() == 1 and np.allclose(got, one_shift):
        return Finding(
            False,
            f"log p(x) is finite: {right.max():.5g} and {right.min():.5g}",
            "minus infinity for the image with the lower evidence, right for the other",
            "one_shift",
            "Something is taken out of all log weights alike before they are exponentiated, and it "
            "fits one image only. Each datum has a largest weight of its own: axis 0.",
        )
    return compare(got, right, _mistakes(t), rtol=1e-9, what="log p(x)")


@EXERCISE.part("One datum alone, no batch axis or one of length one; one sample alone", weight=0.5)
def unbatched(probe: Probe, rng: np.random.Generator) -> Finding:
    """The decoder of the last one is nearly sure of each pixel, and wrong about some."""
    params = small_params(rng, batch=(), latents=3)
    finding = _compare(probe, params, ask_noise(rng, params, 3))
    one = small_params(rng, batch=(1,), latents=3)
    sure = 26 * (2 * one["x"][0] - 1) * np.where(np.arange(one["x"].size) % 3, 1, -1)
    for given in (params, one, {**one, "lean": sure}):
        if finding.ok:
            eps = ask_noise(rng, given, 1)
            t = density_terms(given, eps)
            finding = compare(
                probe.value(*ASKED, eps, problem="vae/small", params=given),
                _log_mean(t["like"] + t["prior"] - t["q"]),
                rtol=1e-5 if "lean" in given else 1e-9,  # 1 - sigmoid(26) has lost its digits
                what="log p(x)",
            )
    return finding
