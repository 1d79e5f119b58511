"""Unit 03: three forms of the ELBO, and the ELBO as a bit rate."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.checks.compare import Finding, Mistake, compare, holds
from autograder.checks.probe import Probe
from autograder.checks.registry import part
from autograder.protocol.wire import ref

FORMS, RATE = "03_three_forms", "03_net_bit_rate"
Arrays = dict[str, np.ndarray]
LOG_2PI, LN2 = np.log(2 * np.pi), np.log(2)
CALL = [ref("p"), ref("q"), ref("x")]


def log_normal(value: np.ndarray, loc: Any, scale: Any) -> np.ndarray:
    """log N(value; loc, scale^2), summed over the last axis."""
    return np.sum(-0.5 * ((value - loc) / scale) ** 2 - np.log(scale) - 0.5 * LOG_2PI + 0 * value, -1)


def toy_inputs(rng: np.random.Generator, samples: int = 5, batch: int = 3, dim: int = 2) -> tuple[Arrays, np.ndarray]:
    """Parameters of q and data for the toy, and samples z ``(K, B, D)`` of q."""
    params = {"loc": rng.normal(size=(batch, dim)), "log_scale": rng.uniform(-1.4, -0.2, (batch, dim)), "x": rng.normal(size=(batch, dim))}
    return params, params["loc"] + np.exp(params["log_scale"]) * rng.normal(size=(samples, batch, dim))


def toy_pieces(loc: np.ndarray, log_scale: np.ndarray, x: np.ndarray, z: np.ndarray) -> Arrays:
    """Every log-density that a form may use, each ``(K, B)``."""
    return {"prior": log_normal(z, 0.0, 1.0), "likelihood": log_normal(x, z, 1.0), "q": log_normal(z, loc, np.exp(log_scale)),
            "posterior": log_normal(z, x / 2, 0.5**0.5), "evidence": log_normal(x, 0.0, 2**0.5) + np.zeros(z.shape[:-1])}


def toy_exact(loc: np.ndarray, log_scale: np.ndarray, x: np.ndarray) -> Arrays:
    """The same averages in closed form, each ``(B,)``: what an answer returns that does not use the samples."""
    s2 = np.exp(2 * log_scale)
    return {"entropy": (log_scale + 0.5 + 0.5 * LOG_2PI).sum(-1),
            "kl_prior": 0.5 * (s2 + loc**2 - 1 - np.log(s2)).sum(-1),
            "gap": 0.5 * (2 * s2 + 2 * (loc - x / 2) ** 2 - 1 - np.log(2 * s2)).sum(-1)}


def _averaging(terms: np.ndarray) -> list[Mistake]:
    """What goes wrong when ``terms: (K, B)`` are averaged; recognised whichever form they come from."""
    return [
        Mistake("sum_over_samples", "You summed over the K samples. An expectation is estimated by their mean, over axis 0.", terms.sum(0)),
        Mistake("no_mean", "You returned one number per sample. Average over the K samples, axis 0.", terms),
        Mistake("mean_over_batch", "You averaged over the batch too. Every datum has an ELBO of its own: average over axis 0 alone.",
                terms.mean()),
        Mistake("mean_over_batch", "You averaged over the batch, axis 1, and kept the samples. The samples are axis 0.", terms.mean(-1)),
    ]


def _form(probe: Probe, index: int, problem: str, params: Arrays, z: np.ndarray) -> Any:
    reply = probe.value(*CALL, z, problem=problem, params=params)
    if not isinstance(reply, (list, np.ndarray)) or len(reply) != 3:
        return {"$type": "result that is not three tensors"}
    return reply[index]


@part(FORMS, "Form 1: joint plus entropy")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params, z = toy_inputs(rng)
    t = toy_pieces(**params, z=z)
    joint, log_w = t["prior"] + t["likelihood"], t["prior"] + t["likelihood"] - t["q"]
    return compare(_form(probe, 0, "toy/mean_field", params, z), log_w.mean(0), what="form 1", mistakes=[
        Mistake("entropy_sign", "The entropy is minus the mean of log q. You added the mean of log q (so does a slide: see the lecture).",
                (joint + t["q"]).mean(0)),
        Mistake("entropy_exact", "You used the entropy in closed form. That is a fine, different estimate; here all three forms must "
                "use the same samples, so estimate the entropy by minus the mean of log q.",
                joint.mean(0) + toy_exact(**params)["entropy"]),
        Mistake("likelihood_only", "The first term is the joint, log p(x, z): you left out the prior.", (t["likelihood"] - t["q"]).mean(0)),
        Mistake("entropy_dropped", "The entropy of q is missing.", joint.mean(0)), *_averaging(log_w)])


@part(FORMS, "Form 2: likelihood minus KL to the prior")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params, z = toy_inputs(rng)
    t = toy_pieces(**params, z=z)
    kl, log_w = t["q"] - t["prior"], t["prior"] + t["likelihood"] - t["q"]
    return compare(_form(probe, 1, "toy/mean_field", params, z), log_w.mean(0), what="form 2", mistakes=[
        Mistake("kl_sign", "The KL is the mean of log q - log p(z), and it is subtracted. Yours was added, or taken with the other sign.",
                (t["likelihood"] + kl).mean(0)),
        Mistake("kl_exact", "You used the KL in closed form. That is a fine, different estimate; here all three forms must use the "
                "same samples: estimate the KL by the mean of log q - log p(z).",
                t["likelihood"].mean(0) - toy_exact(**params)["kl_prior"]),
        Mistake("prior_twice", "The first term is the likelihood log p(x | z). You used the joint, so the prior is counted twice.",
                (t["likelihood"] + t["prior"] - kl).mean(0)),
        Mistake("kl_to_posterior", "The KL of form 2 is to the prior; the one to the posterior belongs to form 3.",
                (t["likelihood"] - t["q"] + t["posterior"]).mean(0)), *_averaging(log_w)])


@part(FORMS, "Form 3: evidence minus KL to the posterior")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params, z = toy_inputs(rng)
    t = toy_pieces(**params, z=z)
    gap, log_w = t["q"] - t["posterior"], t["prior"] + t["likelihood"] - t["q"]
    return compare(_form(probe, 2, "toy/mean_field", params, z), log_w.mean(0), what="form 3", mistakes=[
        Mistake("gap_sign", "The ELBO lies below log p(x): subtract the KL, the mean of log q - log p(z | x). Yours points the other way.",
                (t["evidence"] + gap).mean(0)),
        Mistake("kl_exact", "You used the KL in closed form; use the same samples: the mean of log q - log p(z | x).",
                t["evidence"].mean(0) - toy_exact(**params)["gap"]),
        Mistake("kl_to_prior", "The KL of form 3 is to the posterior p(z | x); you took the one to the prior.",
                (t["evidence"] - t["q"] + t["prior"]).mean(0)),
        Mistake("gap_dropped", "This is log p(x) itself: the KL to the posterior is missing.", t["evidence"].mean(0)), *_averaging(log_w)])


@part(FORMS, "All three agree on another model, with a correlated q")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    batch, x = 4, rng.normal(size=(4, 1))
    params = {"loc": rng.normal(size=(batch, 2)), "log_scale": rng.uniform(-1, 0, (batch, 2)), "lower": rng.normal(size=(batch, 2, 2)),
        "x": x}
    eps = rng.normal(size=(6, batch, 2))
    tril = np.tril(params["lower"], -1) + np.exp(params["log_scale"])[..., None] * np.eye(2)
    z = params["loc"] + (tril @ eps[..., None])[..., 0]
    log_q = log_normal(eps, 0.0, 1.0) - params["log_scale"].sum(-1)
    z1, z2 = z[..., :1], z[..., 1:]
    middle, likelihood = log_normal(z1, z2, 1.0), log_normal(x, z1, 1.0)
    log_w = log_normal(z2, 0.0, 1.0) + middle + likelihood - log_q
    reply = probe.value(*CALL, z, problem="chain/full_rank", params=params)
    if not isinstance(reply, (list, np.ndarray)) or len(reply) != 3:
        return compare({"$type": "result that is not three tensors"}, log_w.mean(0), what="each form")
    says = ("On this model log_factors has two factors in z, 'top' and 'middle', and the prior is their product. Take all but 'likelihood' "
            "together.")
    lost = [Mistake("factor_lost", says, (log_w - factor).mean(0)) for factor in (middle, log_normal(z2, 0.0, 1.0))]
    finding = Finding(False)
    for name, got in zip(("form 1", "form 2", "form 3"), reply, strict=True):
        finding = compare(got, log_w.mean(0), mistakes=[*lost, *_averaging(log_w)], what=f"{name}, on the model of two layers,")
        if not finding.ok:
            break
    return finding


@part(FORMS, "Form 3 is made of the evidence and the posterior")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params, z = toy_inputs(rng)
    crooked = {"evidence_offset": np.asarray(rng.uniform(1.0, 2.0)), "posterior_shift": rng.uniform(0.5, 1.0, 2)}
    t = toy_pieces(**params, z=z)
    posterior = log_normal(z, params["x"] / 2 + crooked["posterior_shift"], 0.5**0.5)
    want = (t["evidence"] + crooked["evidence_offset"] - t["q"] + posterior).mean(0)
    got = _form(probe, 2, "toy/crooked", {**params, **crooked}, z)
    return compare(got, want, what="form 3, for a model that was told a false evidence and a false posterior,", mistakes=[
        Mistake("one_form_thrice", "Form 3 does not notice that this model's log_evidence and posterior were tampered with: it was "
                "computed from the joint, and is form 1 once more. Build it from p.log_evidence(x) and p.posterior(x), so that "
                "agreement means something.",
                (t["prior"] + t["likelihood"] - t["q"]).mean(0))])


def _rate_mistakes(log_joint: np.ndarray, log_q: np.ndarray) -> list[Mistake]:
    nats = log_q - log_joint
    return [
        Mistake("nats", "These are nats. Divide by ln 2 for bits.", nats),
        Mistake("multiplied", "You multiplied by ln 2. A bit is smaller than a nat, so there are more of them: divide.", nats * LN2),
        Mistake("sign", "The sign is turned: a code length is minus a log-probability, so a likely (x, z) is short.", -nats / LN2),
        Mistake("no_refund", "You paid for z under q. Those bits are not paid but got back, because z was decoded from earlier bits: "
                "add log q, do not subtract it.", -(log_joint + log_q) / LN2),
        Mistake("gross_rate", "This is the gross rate, without the bits got back: add log q(z | x).", -log_joint / LN2),
    ]


def _rates(probe: Probe, log_joint: np.ndarray, log_q: np.ndarray, index: int) -> Any:
    reply = probe.value(log_joint, log_q)
    if not isinstance(reply, list) or len(reply) != 2:
        return {"$type": "result that is not two tensors (rate, expected)"}
    return reply[index]


def _log_terms(rng: np.random.Generator, samples: int = 6, batch: int = 3) -> tuple[np.ndarray, np.ndarray]:
    return rng.normal(-8, 2, (samples, batch)), rng.normal(-2, 1, (samples, batch))


@part(RATE, "The rate of every sample, in bits")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    log_joint, log_q = _log_terms(rng)
    rate = (log_q - log_joint) / LN2
    return compare(_rates(probe, log_joint, log_q, 0), rate, what="the rate",
                   mistakes=[*_rate_mistakes(log_joint, log_q), Mistake("averaged_rate", "The rate is asked sample by sample, (K, "
                       "*B); only the second result is averaged.", rate.mean(0))])


@part(RATE, "The expected rate, one number per datum")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    log_joint, log_q = _log_terms(rng)
    rate = (log_q - log_joint) / LN2
    log_mean = np.log(np.mean(np.exp(log_joint - log_q), 0))
    averaged = [Mistake(m.key, m.says, np.asarray(m.value).mean(0)) for m in _rate_mistakes(log_joint, log_q)]
    return compare(_rates(probe, log_joint, log_q, 1), rate.mean(0), what="the expected rate", mistakes=[*averaged, *_averaging(rate),
        Mistake("log_of_mean", "You averaged the weights before taking the logarithm. The expected length is the mean of the lengths: "
                "log first, then the mean.", -log_mean / LN2)])


@part(RATE, "At the posterior every sample costs the same, -log2 p(x)", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    x = rng.normal(size=(3, 1))
    z = x / 2 + 0.5**0.5 * rng.normal(size=(4, 3, 1))
    t = toy_pieces(x / 2, np.full((3, 1), -0.5 * LN2), x, z)
    got = _rates(probe, t["prior"] + t["likelihood"], t["q"], 0)
    bits = -t["evidence"] / LN2
    return compare(got, bits, what="the rate at q = posterior", mistakes=_rate_mistakes(t["prior"] + t["likelihood"], t["q"]))


@part(RATE, "Long messages: 10,000 nats and more", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    log_joint, log_q = rng.uniform(-20000, -10000, (4, 2)), rng.uniform(-900, -800, (4, 2))
    reply = probe.value(log_joint, log_q)
    if not isinstance(reply, list) or len(reply) != 2 or any(not isinstance(item, np.ndarray) for item in reply):
        return holds(False, "two tensors (rate, expected)", "something else", "type", "Return both, the rate first.")
    rate = (log_q - log_joint) / LN2
    flat = lambda value: np.concatenate([value.ravel(), value.mean(0)])  # noqa: E731
    known = [Mistake(m.key, m.says, flat(np.asarray(m.value))) for m in _rate_mistakes(log_joint, log_q)]
    return compare(np.concatenate([item.ravel() for item in reply]), flat(rate), what="rate and mean", mistakes=[*known,
        Mistake("naive_exp", "exp(-10,000) is zero in floating point, and its logarithm is not finite. Stay with the logarithms: "
                "subtract them.", lambda got: not np.isfinite(got).all())])
