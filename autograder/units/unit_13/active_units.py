"""Active units."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.protocol.wire import ref
from autograder.units.shared import Arrays, unpack
from autograder.units.unit_13.reference import build, kl_terms, small_params

EXERCISE = exercise(
    __name__,
    title="Active units",
    function="unit_activity",
    points=2,
    difficulty=2,
    importance=4,
    minutes=20,
    read="section 9, Collapse",
    hides=["diagnostics.active_units:active_units", "distributions.normal:_kl_diagonal"],
)


def _activity(params: Arrays) -> tuple[np.ndarray, np.ndarray, list[Mistake], list[Mistake]]:
    made = build(params)
    with torch.no_grad():
        loc, log_scale = made["encoder"](made["x"]).chunk(2, -1)
        kl = kl_terms(loc, log_scale)
    variance, kls = loc.var(0).numpy(), kl.numpy()
    rows, s = len(loc), log_scale.exp()
    first = [
        Mistake(
            "divided_by_n",
            "You divided by N. The variance over a sample divides by N - 1.",
            variance * (rows - 1) / rows,
        ),
        Mistake(
            "standard_deviation",
            "These are standard deviations. Activity is a variance.",
            np.sqrt(variance),
        ),
        Mistake(
            "second_moment",
            "You forgot to subtract the mean: this is the mean of the squares.",
            loc.square().mean(0).numpy(),
        ),
        Mistake(
            "posterior_variance",
            "This is the average variance of q(z | x), how unsure the encoder is. Activity is the variance "
            "over the *data* of its means: a collapsed unit has posterior variance one and activity zero.",
            s.square().mean(0).numpy(),
        ),
        Mistake(
            "total_variance",
            "This is the variance of samples, posterior variance included. Take the variance of the means alone.",
            variance + s.square().mean(0).numpy(),
        ),
        Mistake(
            "over_latents",
            "You took the variance over the latents. It is over the data, axis 0.",
            loc.var(-1).numpy(),
        ),
        Mistake(
            "thresholded",
            "Activities below 0.01 were set to zero. Return them as they are: the threshold is for "
            "whoever counts.",
            np.where(variance > 0.01, variance, 0.0),
        ),
        Mistake("pooled", "You pooled all latents into one number.", np.array(float(loc.var()))),
        Mistake(
            "of_log_scale",
            "This is the variance of log_scale. The first half of what the encoder writes is the mean.",
            log_scale.var(0).numpy(),
        ),
        Mistake("swapped", "Return the activities first, then the divergences.", kls.mean(0)),
        Mistake(
            "sorted",
            "The activities were sorted. Keep the order of the latents, so that each stays beside its divergence.",
            np.sort(variance)[::-1],
        ),
        Mistake(
            "sorted",
            "The activities were sorted. Keep the order of the latents, so that each stays beside its divergence.",
            np.sort(variance),
        ),
    ]
    second = [
        Mistake("kl_summed", "You summed the divergences over the data. Average them.", kls.sum(0)),
        Mistake(
            "kl_over_latents",
            "You averaged over the latents. Average over the data, axis 0, and keep the latents.",
            kls.mean(-1),
        ),
        Mistake(
            "kl_pooled",
            "One number for each latent, please, not one in all.",
            np.array(kls.sum(-1).mean()),
        ),
        Mistake(
            "kl_pooled", "One number for each latent, please, not one in all.", np.array(kls.mean())
        ),
        Mistake(
            "kl_of_the_average",
            "This is the divergence of the average parameters. Average the divergences: the KL is not linear.",
            kl_terms(loc.mean(0), log_scale.mean(0)).numpy(),
        ),
        Mistake(
            "log_variance",
            "log_scale was used as a log variance.",
            kl_terms(loc, log_scale / 2).mean(0).numpy(),
        ),
        Mistake("swapped", "Return the activities first, then the divergences.", variance),
        Mistake("kl_sign", "The sign is turned: a divergence is never negative.", -kls.mean(0)),
        *(
            Mistake(
                "kl_sorted",
                "The divergences were sorted. Keep the order of the latents, so that each stays "
                "beside its activity.",
                np.sort(kls.mean(0))[::step],
            )
            for step in (1, -1)
        ),
        Mistake(
            "inactive_for_free",
            "The divergence of latents below the threshold was set to zero. A latent can be "
            "inactive and cost nats all the same: show what it costs.",
            np.where(variance > 0.01, kls.mean(0), 0.0),
        ),
    ]
    return variance, kls.mean(0), first, second


def _two(probe: Probe, params: Arrays) -> tuple[Any, Any]:
    reply = probe.value(ref("encoder"), ref("x"), problem="vae/small", params=params)
    activity, divergence = unpack(reply, 2, "activity, divergence")
    return activity, divergence


def _latents(rng: np.random.Generator, rows: int) -> Arrays:
    """Four latents: quiet though its divergence is large, below the usual threshold at the prior, ordinary, and more than active.

    Neither results rise nor fall from latent to latent: where they do, sorting them would not show.
    """
    stretch, loc = np.array([0.02, 0.05, 0.8, 5.0]), np.array([2.0, 0.1, -0.4, 0.7])
    log_scale = np.array([-6.5, 0.0, 0.3, -0.6])
    while True:
        order = rng.permutation(4)
        params = small_params(
            rng,
            batch=(rows,),
            pixels=9,
            latents=4,
            stretch=np.concatenate([stretch[order], rng.uniform(0.3, 0.8, 4)]),
            shift=np.concatenate([loc[order], log_scale[order]]),
        )
        params["x"] = rng.uniform(-1.5, 2.5, params["x"].shape)  # grey, and beyond
        variance, kl, *_ = _activity(params)
        told = variance.min() < 0.003 and variance.max() > 1.5 and kl[variance.argmin()] > 0.5
        if told and all(np.diff(one).min() < 0 < np.diff(one).max() for one in (variance, kl)):
            return params


@EXERCISE.part("Activity: the variance over the data of the posterior means", weight=1.5)
def activity(probe: Probe, rng: np.random.Generator) -> Finding:
    far = np.concatenate([rng.uniform(1e5, 2e5, 3) * rng.choice([-1, 1], 3), rng.normal(size=3)])
    for params in (
        small_params(rng, batch=(7,), latents=3),
        _latents(rng, 230),
        small_params(rng, batch=(9,), latents=3, stretch=np.ones(6), shift=far),
    ):
        wanted, _, mistakes, _ = _activity(params)
        finding = compare(_two(probe, params)[0], wanted, mistakes, rtol=1e-8, what="the activity")
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part("Divergence: the mean over the data of each latent's KL")
def divergence(probe: Probe, rng: np.random.Generator) -> Finding:
    for params in (small_params(rng, batch=(7,), latents=3), _latents(rng, 230)):
        _, kl, _, mistakes = _activity(params)
        finding = compare(_two(probe, params)[1], kl, mistakes, rtol=1e-9, what="the divergence")
        if not finding.ok:
            return finding
    return finding


@EXERCISE.part("Data that are all alike: no activity, whatever the divergence", weight=0.5)
def constant_data(probe: Probe, rng: np.random.Generator) -> Finding:
    params = small_params(rng, batch=(1,), latents=3)
    params["x"] = np.repeat(params["x"], 6, 0)
    activity, kl, mistakes, more = _activity(params)
    got = _two(probe, params)
    known = [one for one in mistakes if one.key in ("posterior_variance", "total_variance")]
    first = compare(got[0], activity, known, what="the activity")
    if not first.ok:
        return first
    known = [one for one in more if one.key not in ("swapped", "inactive_for_free")]
    return compare(got[1], kl, known, rtol=1e-9, what="the divergence")
