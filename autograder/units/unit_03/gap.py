"""The gap, in closed form."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from autograder.checks.compare import compare
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.units.shared import LOG_2PI, several, unpack
from autograder.units.unit_03.reference import (
    EXACT,
    ONE,
    and_batches_of_one,
    asked_twice,
    kl_terms,
    log_normal,
)

EXERCISE = exercise(
    __name__,
    title="The gap, in closed form",
    function="elbo_and_gap",
    points=2,
    difficulty=3,
    importance=5,
    minutes=20,
    read="The gap is a Kullback-Leibler divergence",
    hides=["distributions.normal:_kl_diagonal", "distributions.normal:_kl_to_diagonal"],
)


def _toy(loc: np.ndarray, log_scale: np.ndarray, x: np.ndarray) -> dict[str, np.ndarray]:
    """The exact ELBO, gap and evidence of the toy, coordinate by coordinate."""
    s = np.exp(log_scale)
    prior, likelihood = -0.5 * (loc**2 + s**2), -0.5 * ((x - loc) ** 2 + s**2)
    elbo = prior + likelihood + log_scale + 0.5 - 0.5 * LOG_2PI
    return {
        "elbo": elbo,
        "gap": kl_terms(loc, s, x / 2, np.full_like(x, 0.5**0.5)),
        "evidence": -0.25 * x**2 - 0.5 * np.log(4 * np.pi),
        "entropy": log_scale + 0.5 + 0.5 * LOG_2PI,
        "plug_in": elbo + s**2,
        "kl_prior": kl_terms(loc, s, 0 * x, 1 + 0 * x),
        "reversed": kl_terms(x / 2, np.full_like(x, 0.5**0.5), loc, s),
        "variance": np.full_like(x, 0.5),
    }


def _toy_inputs(
    rng: np.random.Generator, dim: int = 3
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Four q like any other, a tiny one, a wide one, and one far out."""
    shape = (7, dim)
    loc, log_scale, x = (
        rng.normal(size=shape),
        rng.uniform(-1.5, -0.6, shape),
        rng.normal(size=shape),
    )
    log_scale[4], log_scale[5] = rng.uniform(-13, -12, dim), rng.uniform(1.0, 2.0, dim)
    loc[6], x[6] = 20 * rng.choice([-1, 1], dim) + loc[6], 30 * rng.choice([-1, 1], dim) + x[6]
    return loc, log_scale, x


def _elbo_mistakes(loc: np.ndarray, log_scale: np.ndarray, x: np.ndarray) -> list[Mistake]:
    t, dim = _toy(loc, log_scale, x), loc.shape[-1]
    half = 0.5 * LOG_2PI
    with np.errstate(all="ignore"):
        log_as_s, variance = (
            _toy(loc, np.log(np.abs(log_scale)), x)["elbo"],
            _toy(loc, 0.5 * log_scale, x)["elbo"],
        )
    elbo = t["elbo"].sum(-1)
    return [
        *[
            Mistake(
                "lost_2pi",
                "You are off by a multiple of log 2 pi per coordinate: prior and likelihood bring -1/2 log 2 pi each, the "
                "entropy +1/2.",
                elbo + k * dim * half,
            )
            for k in (-2, -1, 1, 2)
        ],
        *[
            Mistake(
                "constant_once",
                "You are off by a constant that should be counted once for each of the D coordinates, not once in all.",
                elbo + k * (dim - 1) * half,
            )
            for k in (-2, -1, 1, 2)
        ],
        Mistake(
            "half_lost",
            "The one half of the entropy, 1/2 log(2 pi e s^2), is missing.",
            elbo - 0.5 * dim,
        ),
        Mistake(
            "plug_in",
            "You put the mean m in for z. Under q, E z^2 = m^2 + s^2 and E (x - z)^2 = (x - m)^2 + s^2.",
            t["plug_in"].sum(-1),
        ),
        Mistake(
            "entropy_sign",
            "The entropy has the wrong sign: a wide q is rewarded.",
            (t["elbo"] - 2 * t["entropy"]).sum(-1),
        ),
        Mistake(
            "log_scale_sign",
            "In the entropy, 1/2 log(2 pi e) + log s, the logarithm of s is added: a wide q is rewarded.",
            elbo - 2 * log_scale.sum(-1),
        ),
        Mistake(
            "entropy_dropped", "The entropy of q is missing.", (t["elbo"] - t["entropy"]).sum(-1)
        ),
        Mistake(
            "likelihood_missing_kl",
            "The KL to the prior is missing.",
            (t["elbo"] + t["kl_prior"]).sum(-1),
        ),
        Mistake(
            "log_scale_as_scale",
            "log_scale is the logarithm of s: exponentiate it.",
            log_as_s.sum(-1),
        ),
        Mistake(
            "scale_as_variance",
            "exp(log_scale) is the standard deviation s; you used it as the variance.",
            variance.sum(-1),
        ),
        Mistake(
            "mean_over_dim",
            "You averaged over the coordinates; log-densities of independent coordinates add up: sum.",
            t["elbo"].mean(-1),
        ),
        Mistake(
            "no_sum", "You returned one number per coordinate. Sum over the last axis.", t["elbo"]
        ),
        Mistake("swapped", "Return the ELBO first, then the gap.", t["gap"].sum(-1)),
    ]


EVIDENCE_SCALE = "log p(x) was taken with standard deviation 2; p(x) = N(0, 2) has *variance* 2."
EVIDENCE_OFFSET = "log p(x) lacks half a log 2 per coordinate: its variance is 2, so its constant is -1/2 log 4 pi."


def _gap_mistakes(loc: np.ndarray, log_scale: np.ndarray, x: np.ndarray) -> list[Mistake]:
    t, s, wide = _toy(loc, log_scale, x), np.exp(log_scale), log_normal(x, 0.0, 2.0)
    return [
        Mistake(
            "reversed",
            "This is KL(posterior || q). The gap is KL(q || posterior): the expectation is under q.",
            t["reversed"].sum(-1),
        ),
        Mistake(
            "kl_to_prior",
            "This is the KL to the prior. The gap is the KL to the posterior N(x/2, 1/2).",
            t["kl_prior"].sum(-1),
        ),
        Mistake(
            "scale_as_variance",
            "The posterior's variance is 1/2, so its standard deviation is sqrt(1/2).",
            kl_terms(loc, s, x / 2, t["variance"]).sum(-1),
        ),
        Mistake(
            "gap_sign",
            "The gap is log p(x) minus the ELBO, never negative. Yours has the other sign.",
            -t["gap"].sum(-1),
        ),
        Mistake("evidence_scale", EVIDENCE_SCALE, wide - t["elbo"].sum(-1)),
        Mistake("evidence_offset", EVIDENCE_OFFSET, (t["gap"] + 0.5 * np.log(2)).sum(-1)),
        Mistake("mean_over_dim", "You averaged over the coordinates: sum them.", t["gap"].mean(-1)),
        Mistake(
            "no_sum", "You returned one number per coordinate. Sum over the last axis.", t["gap"]
        ),
        Mistake(
            "evidence_for_gap",
            "This is log p(x). The gap is how far the ELBO lies below it.",
            t["evidence"].sum(-1),
        ),
        Mistake("swapped", "Return the ELBO first, then the gap.", t["elbo"].sum(-1)),
    ]


def _both(probe: Probe, *args: np.ndarray) -> tuple[Any, Any, Finding | None]:
    reply, sampled = asked_twice(probe, *args)
    elbo, gap = unpack(reply, 2, "elbo, gap")
    return elbo, gap, sampled if several(reply, 2) else None


def _on_few(probe: Probe, index: int, name: str, *args: np.ndarray) -> Finding:
    got = unpack(probe.value(*args), 2, "elbo, gap")[index]
    shown = {"elbo": "ELBO"}.get(name, name)
    return compare(got, _toy(*args)[name].sum(-1), rtol=EXACT, what=f"the {shown}, {ONE}")


@EXERCISE.part("The ELBO, exactly")
def exact_elbo(probe: Probe, rng: np.random.Generator) -> Finding:
    args = _toy_inputs(rng)
    elbo, _, sampled = _both(probe, *args)
    finding = sampled or compare(
        elbo,
        _toy(*args)["elbo"].sum(-1),
        rtol=EXACT,
        what="the ELBO",
        mistakes=_elbo_mistakes(*args),
    )
    return and_batches_of_one(finding, args, partial(_on_few, probe, 0, "elbo"))


@EXERCISE.part("The gap, exactly")
def exact_gap(probe: Probe, rng: np.random.Generator) -> Finding:
    args = _toy_inputs(rng)
    _, gap, sampled = _both(probe, *args)
    finding = sampled or compare(
        gap,
        _toy(*args)["gap"].sum(-1),
        rtol=EXACT,
        what="the gap",
        mistakes=_gap_mistakes(*args),
    )
    return and_batches_of_one(finding, args, partial(_on_few, probe, 1, "gap"))


@EXERCISE.part("Together they make log p(x), whatever q is", weight=0.5)
def sum_is_the_evidence(probe: Probe, rng: np.random.Generator) -> Finding:
    x = np.repeat(rng.normal(size=(3, 1, 3)), 2, 1)
    loc, log_scale = 2 * rng.normal(size=x.shape), rng.uniform(-2, 1, x.shape)
    elbo, gap, _ = _both(probe, loc, log_scale, x)
    if (
        not (isinstance(elbo, np.ndarray) and isinstance(gap, np.ndarray))
        or elbo.shape != gap.shape
    ):
        return compare(elbo, np.zeros(x.shape[:-1]), what="ELBO and gap")
    evidence = log_normal(x, 0.0, 2**0.5)
    return compare(
        elbo + gap,
        evidence,
        rtol=EXACT,
        what="ELBO + gap, for three x and two q for each,",
        mistakes=[
            Mistake("mean_over_dim", "You averaged over the coordinates: sum them.", evidence / 3),
            Mistake("evidence_scale", EVIDENCE_SCALE, log_normal(x, 0.0, 2.0)),
            Mistake("evidence_offset", EVIDENCE_OFFSET, evidence + 1.5 * np.log(2)),
        ],
    )


@EXERCISE.part("At the posterior the gap closes", weight=0.5, needs=["exact_gap"])
def closed_at_the_posterior(probe: Probe, rng: np.random.Generator) -> Finding:
    x = 2 * rng.normal(size=4)
    args = x / 2, np.full_like(x, -0.5 * np.log(2)), x
    _, gap, _ = _both(probe, *args)
    return compare(
        gap,
        np.zeros(()),
        what="the gap at q = N(x/2, 1/2), for one datum,",
        mistakes=_gap_mistakes(*args)[1:2],
    )
