"""Unit 03: the KL between Gaussians, and the ELBO and its gap in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.checks.registry import part
from autograder.checks.unit_03_forms import LOG_2PI
from autograder.evidence import Finding, Mistake, compare, holds
from autograder.probes import Probe

KL, GAP = "03_gaussian_kl", "03_gap"
SAMPLED = ("sampled", "Two calls with the same arguments gave two answers: you drew samples. Here an exact answer is asked, in closed "
    "form.")


def kl_terms(loc_q: np.ndarray, scale_q: np.ndarray, loc_p: np.ndarray, scale_p: np.ndarray) -> np.ndarray:
    """KL(N(loc_q, scale_q^2) || N(loc_p, scale_p^2)), coordinate by coordinate."""
    return np.log(scale_p / scale_q) + (scale_q**2 + (loc_q - loc_p) ** 2) / (2 * scale_p**2) - 0.5


def _kl_by_quadrature(loc_q: float, scale_q: float, loc_p: float, scale_p: float) -> float:
    """The integral of q log(q / p), by the trapezoid rule: knows nothing of the formula."""
    z = np.linspace(loc_q - 14 * scale_q, loc_q + 14 * scale_q, 6001)
    log_q = -0.5 * ((z - loc_q) / scale_q) ** 2 - np.log(scale_q) - 0.5 * LOG_2PI
    log_p = -0.5 * ((z - loc_p) / scale_p) ** 2 - np.log(scale_p) - 0.5 * LOG_2PI
    return float(np.sum(np.exp(log_q) * (log_q - log_p)) * (z[1] - z[0]))


def _pairs(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Two Gaussians per entry, unlike each other; q is the narrower, so that both directions are well apart."""
    return rng.normal(size=shape), rng.uniform(-1.5, -0.7, shape), rng.normal(size=shape), rng.uniform(0.2, 0.8, shape)


def _kl_mistakes(loc_q: np.ndarray, log_q: np.ndarray, loc_p: np.ndarray, log_p: np.ndarray) -> list[Mistake]:
    q, p, shift = np.exp(log_q), np.exp(log_p), (loc_q - loc_p) ** 2
    right = kl_terms(loc_q, q, loc_p, p)
    with np.errstate(all="ignore"):
        as_scale = kl_terms(loc_q, log_q, loc_p, log_p)
        terms = [
            ("reversed", "This is KL(p || q). The order matters: the expectation is under the first argument, q.", kl_terms(loc_p, p,
                loc_q, q)),
            ("log_scale_as_scale", "log_scale is the logarithm of the standard deviation: exponentiate it before use.", as_scale),
            ("log_scale_as_scale", "In the squares, too, log_scale must be exponentiated: it is the logarithm of the standard deviation.",
             log_p - log_q + (log_q**2 + shift) / (2 * log_p**2) - 0.5),
            ("shift_not_scaled", "The distance between the means is not divided by the variance of p.", right - shift / (2 * p**2) + shift),
            ("shift_not_scaled", "The distance between the means is not divided by the variance of p.",
             right - shift / (2 * p**2) + shift / 2),
            ("half_of_one_term", "The factor one half belongs to all but the logarithm of s_p / s_q, or to the whole bracket if that is "
             "a logarithm of variances: compare at equal means and scales.", 2 * right + 0.5),
            ("scale_as_variance", "exp(log_scale) is a standard deviation; you used it as a variance. Square it.",
             kl_terms(loc_q, np.sqrt(q), loc_p, np.sqrt(p))),
            ("variance_as_scale", "You put variances where standard deviations belong (torch's Normal takes the standard deviation).",
             kl_terms(loc_q, q**2, loc_p, p**2)),
            ("half_lost", "The minus one half of every coordinate is missing: the KL of a Gaussian to itself must be zero.", right + 0.5),
            ("log_sign", "The logarithm has the wrong sign: it is log(s_p / s_q), so that a narrow q is paid for.",
             right - 2 * (log_p - log_q)),
            ("log_dropped", "The term log(s_p / s_q) is missing.", right - (log_p - log_q)),
            ("shift_not_squared", "The distance between the means enters squared, and divided by the variance of p.",
             right - shift / (2 * p**2) + (loc_q - loc_p) / (2 * p**2)),
            ("wrong_variance", "The distance between the means is measured in standard deviations of p, the second argument.",
             right - shift / (2 * p**2) + shift / (2 * q**2)),
        ]
        mistakes = [Mistake(key, says, value.sum(-1)) for key, says, value in terms]
    return [*mistakes,
            Mistake("mean_over_dim", "You averaged over the coordinates. The KL of independent coordinates adds up: sum the last axis.",
                    right.mean(-1)),
            Mistake("no_sum", "You returned one number per coordinate. Sum over the last axis.", right),
            Mistake("sum_over_batch", "You summed over the batch too. Keep one number per pair of Gaussians.", right.sum())]


def _same_twice(probe: Probe, *args: np.ndarray) -> tuple[Any, Finding | None]:
    """The value, and a finding if a second call with the same arguments says something else."""
    first, second = probe.value(*args), probe.value(*args)
    one, two = (np.concatenate([np.ravel(x) for x in v]) if isinstance(v, list) and all(isinstance(x, np.ndarray) for x in v) else v
                for v in (first, second))
    if isinstance(one, np.ndarray) and isinstance(two, np.ndarray) and one.shape == two.shape and np.isfinite(one + two).all():
        difference = float(np.abs(one.astype(float) - two.astype(float)).max(initial=0.0))
        if difference > 1e-9:
            return first, holds(False, "the same answer to the same arguments, exactly", f"answers that differ by {difference:.2g}",
                                *SAMPLED)
    return first, None


@part(KL, "Value for unlike Gaussians, in three dimensions")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    args = _pairs(rng, (4, 3))
    args[3][-1] = args[1][-1] / 2  # both scales below one: whoever forgets the exponential gets a number here, and NaN elsewhere
    got, sampled = _same_twice(probe, *args)
    want = kl_terms(args[0], np.exp(args[1]), args[2], np.exp(args[3])).sum(-1)
    return sampled or compare(got, want, what="the KL", mistakes=_kl_mistakes(*args))


@part(KL, "A narrow q (s = 0.3) against the integral, by quadrature")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    loc_q, loc_p, log_p = rng.normal(size=1), rng.normal(size=1), rng.uniform(0.2, 0.8, 1)
    args = (loc_q, np.log([0.3]), loc_p, log_p)
    want = _kl_by_quadrature(float(loc_q[0]), 0.3, float(loc_p[0]), float(np.exp(log_p[0])))
    return compare(probe.value(*args), np.asarray(want), what="the KL", mistakes=_kl_mistakes(*args))


@part(KL, "Twice the coordinates, twice the KL", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    args = _pairs(rng, (3, 2))
    wide = tuple(np.concatenate([arg, arg], -1) for arg in args)
    want = 2 * kl_terms(args[0], np.exp(args[1]), args[2], np.exp(args[3])).sum(-1)
    return compare(probe.value(*wide), want, what="the KL", mistakes=_kl_mistakes(*wide))


@part(KL, "Zero for equal Gaussians, positive for all others", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    loc, log_scale, _, _ = _pairs(rng, (5, 2))
    far = loc + rng.choice([-1.0, 1.0], (5, 2)) * rng.uniform(0.5, 2.0, (5, 2))
    got = [probe.value(loc, log_scale, other, scale) for other, scale in ((loc, log_scale), (far, log_scale), (loc, log_scale + 0.5))]
    if any(not isinstance(value, np.ndarray) or value.shape != (5,) for value in got):
        return compare(got[0], np.zeros(5), what="the KL of equal Gaussians", mistakes=_kl_mistakes(loc, log_scale, loc, log_scale))
    if not np.allclose(got[0], 0, atol=1e-7):
        return compare(got[0], np.zeros(5), what="the KL of equal Gaussians", mistakes=_kl_mistakes(loc, log_scale, loc, log_scale))
    least = float(min(got[1].min(), got[2].min()))
    return holds(least > 0, "positive where the Gaussians differ", f"the least is {least:.4g}", "negative",
                 "A KL divergence is never negative. Which sign is turned?")


def _toy(loc: np.ndarray, log_scale: np.ndarray, x: np.ndarray) -> dict[str, np.ndarray]:
    """The exact ELBO, gap and evidence of the toy, coordinate by coordinate."""
    s = np.exp(log_scale)
    prior, likelihood = -0.5 * (loc**2 + s**2), -0.5 * ((x - loc) ** 2 + s**2)
    elbo = prior + likelihood + log_scale + 0.5 - 0.5 * LOG_2PI
    return {"elbo": elbo, "gap": kl_terms(loc, s, x / 2, np.full_like(x, 0.5**0.5)), "evidence": -0.25 * x**2 - 0.5 * np.log(4 * np.pi),
            "entropy": log_scale + 0.5 + 0.5 * LOG_2PI, "plug_in": elbo + s**2, "kl_prior": kl_terms(loc, s, 0 * x, 1 + 0 * x),
            "reversed": kl_terms(x / 2, np.full_like(x, 0.5**0.5), loc, s), "variance": np.full_like(x, 0.5)}


def _toy_inputs(rng: np.random.Generator, shape: tuple[int, ...] = (4, 3)) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return rng.normal(size=shape), rng.uniform(-1.5, -0.6, shape), rng.normal(size=shape)


def _offset(want: np.ndarray, amounts: list[float]) -> Any:
    """Recognises an answer that is off by one and the same constant everywhere, one of these."""
    return lambda got: got.shape == want.shape and any(np.allclose(got - want, amount, atol=1e-6) for amount in amounts)


def _elbo_mistakes(loc: np.ndarray, log_scale: np.ndarray, x: np.ndarray) -> list[Mistake]:
    t, dim = _toy(loc, log_scale, x), loc.shape[-1]
    half = 0.5 * LOG_2PI
    with np.errstate(all="ignore"):
        log_as_s, variance = _toy(loc, np.log(np.abs(log_scale)), x)["elbo"], _toy(loc, 0.5 * log_scale, x)["elbo"]
    elbo = t["elbo"].sum(-1)
    return [
        Mistake("lost_2pi", "You are off by a multiple of log 2 pi per coordinate: prior and likelihood bring -1/2 log 2 pi each, the "
                "entropy +1/2.",
                _offset(elbo, [k * dim * half for k in (-2, -1, 1, 2)])),
        Mistake("constant_once", "You are off by a constant that should be counted once for each of the D coordinates, not once in all.",
                _offset(elbo, [k * (dim - 1) * half for k in (-2, -1, 1, 2)])),
        Mistake("half_lost", "The one half of the entropy, 1/2 log(2 pi e s^2), is missing.", elbo - 0.5 * dim),
        Mistake("plug_in", "You put the mean m in for z. Under q, E z^2 = m^2 + s^2 and E (x - z)^2 = (x - m)^2 + s^2.",
                t["plug_in"].sum(-1)),
        Mistake("entropy_sign", "The entropy has the wrong sign: a wide q is rewarded.", (t["elbo"] - 2 * t["entropy"]).sum(-1)),
        Mistake("log_scale_sign", "In the entropy, 1/2 log(2 pi e) + log s, the logarithm of s is added: a wide q is rewarded.",
                elbo - 2 * log_scale.sum(-1)),
        Mistake("entropy_dropped", "The entropy of q is missing.", (t["elbo"] - t["entropy"]).sum(-1)),
        Mistake("likelihood_missing_kl", "The KL to the prior is missing.", (t["elbo"] + t["kl_prior"]).sum(-1)),
        Mistake("log_scale_as_scale", "log_scale is the logarithm of s: exponentiate it.", log_as_s.sum(-1)),
        Mistake("scale_as_variance", "exp(log_scale) is the standard deviation s; you used it as the variance.", variance.sum(-1)),
        Mistake("mean_over_dim", "You averaged over the coordinates; log-densities of independent coordinates add up: sum.",
                t["elbo"].mean(-1)),
        Mistake("no_sum", "You returned one number per coordinate. Sum over the last axis.", t["elbo"]),
        Mistake("swapped", "Return the ELBO first, then the gap.", t["gap"].sum(-1)),
    ]


def _gap_mistakes(loc: np.ndarray, log_scale: np.ndarray, x: np.ndarray) -> list[Mistake]:
    t, s = _toy(loc, log_scale, x), np.exp(log_scale)
    return [
        Mistake("reversed", "This is KL(posterior || q). The gap is KL(q || posterior): the expectation is under q.",
                t["reversed"].sum(-1)),
        Mistake("kl_to_prior", "This is the KL to the prior. The gap is the KL to the posterior N(x/2, 1/2).", t["kl_prior"].sum(-1)),
        Mistake("scale_as_variance", "The posterior's variance is 1/2, so its standard deviation is sqrt(1/2).",
                kl_terms(loc, s, x / 2, t["variance"]).sum(-1)),
        Mistake("gap_sign", "The gap is log p(x) minus the ELBO, never negative. Yours has the other sign.", -t["gap"].sum(-1)),
        Mistake("mean_over_dim", "You averaged over the coordinates: sum them.", t["gap"].mean(-1)),
        Mistake("no_sum", "You returned one number per coordinate. Sum over the last axis.", t["gap"]),
        Mistake("evidence_for_gap", "This is log p(x). The gap is how far the ELBO lies below it.", t["evidence"].sum(-1)),
        Mistake("swapped", "Return the ELBO first, then the gap.", t["elbo"].sum(-1)),
    ]


def _both(probe: Probe, *args: np.ndarray) -> tuple[Any, Any, Finding | None]:
    reply, sampled = _same_twice(probe, *args)
    if not isinstance(reply, list) or len(reply) != 2:
        wrong = {"$type": "result that is not two tensors (elbo, gap)"}
        return wrong, wrong, None
    return reply[0], reply[1], sampled


@part(GAP, "The ELBO, exactly")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    args = _toy_inputs(rng)
    elbo, _, sampled = _both(probe, *args)
    return sampled or compare(elbo, _toy(*args)["elbo"].sum(-1), what="the ELBO", mistakes=_elbo_mistakes(*args))


@part(GAP, "The gap, exactly")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    args = _toy_inputs(rng)
    _, gap, sampled = _both(probe, *args)
    return sampled or compare(gap, _toy(*args)["gap"].sum(-1), what="the gap", mistakes=_gap_mistakes(*args))


@part(GAP, "Together they make log p(x), whatever q is", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    x = np.repeat(rng.normal(size=(1, 2)), 6, 0)
    loc, log_scale = 2 * rng.normal(size=(6, 2)), rng.uniform(-2, 1, (6, 2))
    elbo, gap, _ = _both(probe, loc, log_scale, x)
    if not (isinstance(elbo, np.ndarray) and isinstance(gap, np.ndarray)) or elbo.shape != gap.shape:
        return compare(elbo, np.zeros(6), what="ELBO and gap")
    total, evidence = elbo + gap, _toy(loc, log_scale, x)["evidence"].sum(-1)
    return compare(total, evidence, what="ELBO + gap, for six different q and one x,", mistakes=[
        Mistake("mean_over_dim", "You averaged over the coordinates: sum them.", evidence / 2),
        Mistake("evidence_offset", "The sum is the same for every q, as it should be, but it is not log N(x; 0, 2): a constant is lost.",
                lambda got: got.shape == evidence.shape and np.ptp(got) < 1e-6)])


@part(GAP, "At the posterior the gap closes", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    x = rng.normal(size=(4, 2))
    args = x / 2, np.full_like(x, -0.5 * np.log(2)), x
    _, gap, _ = _both(probe, *args)
    return compare(gap, np.zeros(4), what="the gap at q = N(x/2, 1/2)", mistakes=_gap_mistakes(*args)[1:3])
