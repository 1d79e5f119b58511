"""Three forms of the ELBO."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from autograder.checks.compare import compare, holds
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe
from autograder.protocol.wire import ref
from autograder.units.shared import Arrays, unpack
from autograder.units.unit_03.reference import (
    EXACT,
    averaging_mistakes,
    in_two_axes,
    log_normal,
    toy_exact,
    toy_inputs,
    toy_pieces,
)

EXERCISE = exercise(
    __name__,
    title="Three forms of the ELBO",
    function="three_forms",
    points=2,
    difficulty=2,
    importance=5,
    minutes=15,
    read="Three forms of one number",
    hides=[],
    because="p and q are given, with all they know; which terms to add is what is asked",
)

CALL = [ref("p"), ref("q"), ref("x")]


def _samples(rng: np.random.Generator) -> tuple[Arrays, np.ndarray]:
    """Parameters of q and data for the toy, and samples z ``(K, B, D)`` of q."""
    params, eps = toy_inputs(rng)
    return params, params["loc"] + np.exp(params["log_scale"]) * eps


def _form(
    probe: Probe, index: int, params: Arrays, z: np.ndarray, mistakes: Sequence[Mistake]
) -> Finding:
    """One of the three forms on the toy, all of which are the mean log weight."""
    t = toy_pieces(**params, z=z)
    log_w = t["prior"] + t["likelihood"] - t["q"]
    got = unpack(probe.value(*CALL, z, problem="toy/mean_field", params=params), 3)[index]
    finding = compare(
        got,
        log_w.mean(0),
        rtol=EXACT,
        what=f"form {index + 1}",
        mistakes=[*mistakes, *averaging_mistakes(log_w)],
    )
    if finding.ok:
        two, z = in_two_axes(params, z)
        got = unpack(probe.value(*CALL, z, problem="toy/mean_field", params=two), 3)[index]
        what = f"form {index + 1}, for a batch of two axes,"
        again = compare(got, log_w[:, None, :2].mean(0), rtol=EXACT, what=what)
        finding = finding if again.ok else again
    return replace(finding, alike=True)


def _cut_off(plus: np.ndarray, kl: np.ndarray) -> list[Mistake]:
    """An estimate that is not allowed to be negative, after averaging or before."""
    hint = (
        "The estimate of the KL was cut off at zero. A KL is never negative; its estimate from samples may be, and must, if the forms "
        "are to agree."
    )
    return [
        Mistake("kl_not_negative", hint, plus - value)
        for value in (np.maximum(kl.mean(0), 0), np.maximum(kl, 0).mean(0))
    ]


@EXERCISE.part("Form 1: joint plus entropy")
def joint_plus_entropy(probe: Probe, rng: np.random.Generator) -> Finding:
    params, z = _samples(rng)
    t = toy_pieces(**params, z=z)
    joint = t["prior"] + t["likelihood"]
    return _form(
        probe,
        0,
        params,
        z,
        [
            Mistake(
                "entropy_sign",
                "The entropy is minus the mean of log q. You added the mean of log q (so does a slide: see the lecture).",
                (joint + t["q"]).mean(0),
            ),
            Mistake(
                "entropy_exact",
                "You used the entropy in closed form. That is a fine, different estimate; here all three forms must "
                "use the same samples, so estimate the entropy by minus the mean of log q.",
                joint.mean(0) + toy_exact(**params)["entropy"],
            ),
            Mistake(
                "likelihood_only",
                "The first term is the joint, log p(x, z): you left out the prior.",
                (t["likelihood"] - t["q"]).mean(0),
            ),
            Mistake("entropy_dropped", "The entropy of q is missing.", joint.mean(0)),
        ],
    )


@EXERCISE.part("Form 2: likelihood minus KL to the prior")
def likelihood_minus_kl(probe: Probe, rng: np.random.Generator) -> Finding:
    params, z = _samples(rng)
    t = toy_pieces(**params, z=z)
    kl = t["q"] - t["prior"]
    return _form(
        probe,
        1,
        params,
        z,
        [
            Mistake(
                "kl_sign",
                "The KL is the mean of log q - log p(z), and it is subtracted. Yours was added, or taken with the other sign.",
                (t["likelihood"] + kl).mean(0),
            ),
            Mistake(
                "kl_exact",
                "You used the KL in closed form. That is a fine, different estimate; here all three forms must use the "
                "same samples: estimate the KL by the mean of log q - log p(z).",
                t["likelihood"].mean(0) - toy_exact(**params)["kl_prior"],
            ),
            Mistake(
                "prior_twice",
                "The first term is the likelihood log p(x | z). You used the joint, so the prior is counted twice.",
                (t["likelihood"] + t["prior"] - kl).mean(0),
            ),
            Mistake(
                "kl_to_posterior",
                "The KL of form 2 is to the prior; the one to the posterior belongs to form 3.",
                (t["likelihood"] - t["q"] + t["posterior"]).mean(0),
            ),
            *_cut_off(t["likelihood"].mean(0), kl),
        ],
    )


@EXERCISE.part("Form 3: evidence minus KL to the posterior")
def evidence_minus_kl(probe: Probe, rng: np.random.Generator) -> Finding:
    params, z = _samples(rng)
    t = toy_pieces(**params, z=z)
    gap = t["q"] - t["posterior"]
    return _form(
        probe,
        2,
        params,
        z,
        [
            Mistake(
                "gap_sign",
                "The ELBO lies below log p(x): subtract the KL, the mean of log q - log p(z | x). Yours points the other way.",
                (t["evidence"] + gap).mean(0),
            ),
            Mistake(
                "kl_exact",
                "You used the KL in closed form; use the same samples: the mean of log q - log p(z | x).",
                t["evidence"].mean(0) - toy_exact(**params)["gap"],
            ),
            Mistake(
                "kl_to_prior",
                "The KL of form 3 is to the posterior p(z | x); you took the one to the prior.",
                (t["evidence"] - t["q"] + t["prior"]).mean(0),
            ),
            Mistake(
                "gap_dropped",
                "This is log p(x) itself: the KL to the posterior is missing.",
                t["evidence"].mean(0),
            ),
            *_cut_off(t["evidence"].mean(0), gap),
        ],
    )


@EXERCISE.part("All three agree on another model, with a correlated q")
def correlated_family(probe: Probe, rng: np.random.Generator) -> Finding:
    batch, x = 5, 2 * rng.normal(size=(5, 1))
    params = {
        "loc": rng.normal(size=(batch, 2)),
        "log_scale": rng.uniform(-2.5, 0.5, (batch, 2)),
        "lower": rng.normal(size=(batch, 2, 2)),
        "x": x,
    }
    eps = rng.normal(size=(int(rng.choice([3, 4, 6])), batch, 2))
    tril = np.tril(params["lower"], -1) + np.exp(params["log_scale"])[..., None] * np.eye(2)
    z = params["loc"] + (tril @ eps[..., None])[..., 0]
    log_q = log_normal(eps, 0.0, 1.0) - params["log_scale"].sum(-1)
    z1, z2 = z[..., :1], z[..., 1:]
    middle, likelihood = log_normal(z1, z2, 1.0), log_normal(x, z1, 1.0)
    log_w = log_normal(z2, 0.0, 1.0) + middle + likelihood - log_q
    reply = unpack(probe.value(*CALL, z, problem="chain/full_rank", params=params), 3)
    hint = (
        "On this model log_factors has two factors in z, 'top' and 'middle', and the prior is their product. Take all but 'likelihood' "
        "together."
    )
    lost = [
        Mistake("factor_lost", hint, (log_w - factor).mean(0))
        for factor in (middle, log_normal(z2, 0.0, 1.0))
    ]
    finding = Finding(False)
    for name, got in zip(("form 1", "form 2", "form 3"), reply, strict=True):
        finding = compare(
            got,
            log_w.mean(0),
            mistakes=[*lost, *averaging_mistakes(log_w)],
            rtol=EXACT,
            what=f"{name}, on the model of two layers,",
        )
        if not finding.ok:
            break
    return replace(finding, alike=True)


@EXERCISE.part("Form 3 is made of the evidence and the posterior")
def evidence_and_posterior(probe: Probe, rng: np.random.Generator) -> Finding:
    params, z = _samples(rng)
    crooked = {
        "evidence_offset": np.asarray(rng.uniform(1.0, 2.0)),
        "posterior_shift": rng.uniform(0.5, 1.0, 2),
    }
    t = toy_pieces(**params, z=z)
    posterior = log_normal(z, params["x"] / 2 + crooked["posterior_shift"], 0.5**0.5)
    evidence = t["evidence"] + crooked["evidence_offset"]
    want = (evidence - t["q"] + posterior).mean(0)
    reply = unpack(probe.value(*CALL, z, problem="toy/crooked", params={**params, **crooked}), 3)
    what = "form 3, for a model that was told a false evidence and a false posterior,"
    elsewhere = [i for i in (0, 1) if compare(reply[i], want, rtol=EXACT).ok]
    finding = compare(
        reply[2],
        want,
        rtol=EXACT,
        what=what,
        mistakes=[
            Mistake(
                "evidence_not_asked",
                "This model's posterior enters, and its log_evidence does not: ask p.log_evidence(x).",
                (t["evidence"] - t["q"] + posterior).mean(0),
            ),
            Mistake(
                "posterior_not_asked",
                "This model's log_evidence enters, and its posterior does not: ask p.posterior(x).",
                (evidence - t["q"] + t["posterior"]).mean(0),
            ),
        ]
        + [
            Mistake(
                "one_form_thrice",
                "Form 3 does not notice that this model's log_evidence and posterior were tampered with: it does not ask for them, or they "
                "cancel, so that it cannot disagree with the joint. Build it from p.log_evidence(x) and p.posterior(x).",
                (t["prior"] + t["likelihood"] - t["q"]).mean(0),
            )
        ]
        * (not elsewhere)
        + averaging_mistakes(evidence - t["q"] + posterior),
    )
    if finding.ok or not elsewhere:
        return finding
    hint = (
        f"Form 3 is what you return as result {elsewhere[0] + 1}. The order is joint plus entropy, likelihood minus KL to the prior, "
        "evidence minus KL to the posterior."
    )
    return holds(False, finding.expected, finding.actual, "order", hint)
