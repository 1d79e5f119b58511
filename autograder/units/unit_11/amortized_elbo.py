"""One ELBO for all data."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.func import functional_call

from autograder.checks.compare import compare
from autograder.checks.efficiency import Draws
from autograder.checks.estimates import efficiency, unbiased
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe, drawn, noise
from autograder.protocol.pullback import pull_back
from autograder.protocol.wire import ref
from autograder.units.shared import LOG_2PI, Arrays, toy_terms
from autograder.units.unit_11.problems import toy_encoder
from autograder.units.unit_11.reference import encoder_weights

EXERCISE = exercise(
    __name__,
    title="One ELBO for all data",
    function="amortized_elbo",
    points=3,
    difficulty=3,
    importance=5,
    minutes=20,
    read="section 3, A function instead of a table",
    hides=[],
    because="course_vi has nothing that takes an encoder as this one does",
)


def log_normal(value: np.ndarray, loc: Any, scale: Any) -> np.ndarray:
    """log N(value; loc, scale^2), summed over the last axis."""
    return np.sum(-0.5 * ((value - loc) / scale) ** 2 - np.log(scale) - 0.5 * LOG_2PI, -1)


def _toy_terms(params: Arrays, eps: np.ndarray) -> dict[str, np.ndarray]:
    """log-densities ``(K, B)`` on the toy at z = loc + scale * eps."""
    out = (params["weight"] @ params["x"][..., None])[..., 0] + params["bias"]
    loc, log_scale = np.split(out, 2, -1)
    z = loc + np.exp(log_scale) * eps
    return {
        "prior": log_normal(z, 0.0, 1.0),
        "likelihood": log_normal(params["x"], z, 1.0),
        "q": log_normal(z, loc, np.exp(log_scale)),
        "loc": loc,
        "log_scale": log_scale,
    }


def _elbo_mistakes(t: dict[str, np.ndarray], x: np.ndarray) -> list[Mistake]:
    log_w = t["prior"] + t["likelihood"] - t["q"]
    return [
        Mistake(
            "entropy_dropped",
            "log q is missing: without it the best encoder puts all its mass on one point.",
            (t["prior"] + t["likelihood"]).mean(0),
        ),
        Mistake(
            "entropy_sign",
            "log q was added. It is subtracted: log w = log p(x, z) - log q(z | x).",
            (t["prior"] + t["likelihood"] + t["q"]).mean(0),
        ),
        Mistake(
            "likelihood_only",
            "This is the likelihood minus log q: the prior is missing.",
            (t["likelihood"] - t["q"]).mean(0),
        ),
        Mistake(
            "loss",
            "The sign is turned: this is the loss. The ELBO itself is asked for.",
            -log_w.mean(0),
        ),
        Mistake(
            "mean_over_batch",
            "You averaged over the data. Return one ELBO per datum; whoever trains takes the mean.",
            log_w.mean(),
        ),
        Mistake(
            "sum_over_samples",
            "You summed over the K samples. An expectation is estimated by their mean.",
            log_w.sum(0),
        ),
        Mistake(
            "no_mean", "One number per sample came back. Average over the samples, axis 0.", log_w
        ),
        Mistake(
            "log_mean_exp",
            "You took the logarithm of the mean weight. That is another bound (unit 10); here, the mean of log w.",
            np.log(np.exp(log_w - log_w.max(0)).mean(0)) + log_w.max(0),
        ),
        Mistake(
            "closed_form_entropy",
            "You took the entropy in closed form. On average that is right, but here log q is "
            "asked for at the samples.",
            (t["prior"] + t["likelihood"]).mean(0) + (t["log_scale"] + 0.5 + 0.5 * LOG_2PI).sum(-1),
        ),
        Mistake(
            "regression",
            "This is a squared error to x/2. Nobody knows x/2 for a real model: the ELBO asks the model instead.",
            -((t["loc"] - x / 2) ** 2).sum(-1),
        ),
    ]


@EXERCISE.part("The value, at fixed noise")
def value(probe: Probe, rng: np.random.Generator) -> Finding:
    weight, bias = encoder_weights(rng, 2, 2)
    bias[2:] = rng.permutation([rng.uniform(-6.0, -5.0), rng.uniform(1.0, 2.0)])
    x = rng.normal(size=(4, 2)) * np.array([[1.0], [1.0], [4.0], [1.0]])
    params, eps = {"weight": weight, "bias": bias, "x": x}, rng.normal(size=(5, 4, 2))
    t = _toy_terms(params, eps)
    want = (t["prior"] + t["likelihood"] - t["q"]).mean(0)
    got = probe.value(ref("p"), ref("encoder"), ref("x"), eps, problem="toy/encoder", params=params)
    return compare(got, want, _elbo_mistakes(t, x), what="the ELBO of each datum")


@EXERCISE.part("The value on another model: two latents for one observation, data on two axes")
def value_with_two_latents(probe: Probe, rng: np.random.Generator) -> Finding:
    weight, bias = encoder_weights(rng, 2, 1)
    x, eps = rng.normal(size=(2, 3, 1)), rng.normal(size=(1, 2, 3, 2))
    loc, log_scale = np.split(x @ weight.T + bias, 2, -1)
    z = loc + np.exp(log_scale) * eps
    z1, z2 = z[..., :1], z[..., 1:]
    joint = log_normal(z2, 0.0, 1.0) + log_normal(z1, z2, 1.0) + log_normal(x, z1, 1.0)
    log_q = log_normal(z, loc, np.exp(log_scale))
    got = probe.value(
        ref("p"),
        ref("encoder"),
        ref("x"),
        eps,
        problem="chain/encoder",
        params={"weight": weight, "bias": bias, "x": x},
    )
    hint = "These are the toy's densities, and this is another model. Ask it: p.log_joint(x, z)."
    toy = log_normal(z, 0.0, 1.0) - log_q
    return compare(
        got,
        (joint - log_q).mean(0),
        [
            Mistake("entropy_dropped", "log q is missing.", joint.mean(0)),
            Mistake("entropy_sign", "log q was added. It is subtracted.", (joint + log_q).mean(0)),
            *(
                Mistake("toy_only", hint, (toy + log_normal(x, centre, 1.0)).mean(0))
                for centre in (z, z1, z2)
            ),
        ],
        what="the ELBO on a chain of two latents, K = 1",
    )


def _gradients(params: Arrays, eps: np.ndarray, seed: int) -> Arrays:
    """Gradients in the weights that the data share, pulled back as the answer's is: right ones, and usual mistakes."""
    given = toy_encoder(**{name: torch.tensor(values) for name, values in params.items()})
    p, q, x, given_noise = given["p"], given["q"], given["x"], torch.tensor(eps)
    z = q.transport(given_noise, x)
    constants = {name: parameter.detach() for name, parameter in q.named_parameters()}
    frozen = functional_call(q, constants, (x, z))
    total, score = p.log_joint(x, z) - q(x, z), q(x, z.detach())
    path = p.log_joint(x, z) - frozen
    found = {
        "total": total.mean(0),
        "path": path.mean(0),
        "sample_detached": (p.log_joint(x, z.detach()) - score).mean(0),
        "joint_detached": (p.log_joint(x, z.detach()) - q(x, z)).mean(0),
        "entropy_gradient_lost": p.log_joint(x, z).mean(0),
    }
    found["batch_mean_total"] = total.mean() + 0 * found["total"]
    found["batch_mean_path"] = path.mean() + 0 * found["path"]

    def flat(value: torch.Tensor) -> np.ndarray:
        parts = pull_back(
            value, given["learn"].values(), x.shape[:-1], seed, shared=True, retain_graph=True
        )
        return np.concatenate([part.numpy().ravel() for part in parts if part is not None])

    return {name: flat(value) for name, value in found.items()}


CUT = (
    "The sample does not know the encoder: z was detached, or drawn with .sample(). Only z = loc + scale * eps carries "
    "the gradient."
)
JOINT = "log p(x, z) does not reach the encoder: z was detached there. Only the gradient of log q is left."
LOST = "The gradient of log q is missing: it was detached."
SHARED = "Each datum carries the mean gradient of the batch. Its ELBO is its own: average over the samples, axis 0, and nothing else."


@EXERCISE.part("Its gradient is an unbiased estimate of that of the exact ELBO, datum by datum")
def mean_gradient(probe: Probe, rng: np.random.Generator) -> Finding:
    weight, bias = encoder_weights(rng, 2, 2)
    params = {"weight": weight, "bias": bias, "x": 2 * rng.normal(size=(4, 2))}
    eps = rng.normal(size=(3, 4, 2))
    reply = probe.gradient("toy/encoder", params, ref("p"), ref("encoder"), ref("x"), eps)
    g, got = _gradients(params, eps, reply.seed), reply.flat()
    what = "the gradient in the encoder's weights, at fixed noise,"
    if got.shape == g["total"].shape and np.allclose(got, g["total"], rtol=1e-6, atol=1e-8):
        return compare(got, g["total"], what=what)
    finding = compare(
        got,
        g["path"],
        what=what,
        mistakes=[
            Mistake("sample_detached", CUT, g["sample_detached"]),
            Mistake("joint_detached", JOINT, g["joint_detached"]),
            Mistake("entropy_gradient_lost", LOST, g["entropy_gradient_lost"]),
            Mistake("mean_gradient_of_batch", SHARED, g["batch_mean_total"]),
            Mistake("mean_gradient_of_batch", SHARED, g["batch_mean_path"]),
        ],
    )
    if finding.ok or finding.diagnosis not in ("", "value") or not reply.gradient:
        return finding
    if len(reply.unused) == len(reply.gradient):
        return finding
    averaged = _on_average(probe, rng)
    return averaged if averaged.ok else finding


COMPANY = 400  # replicates that are put in another order
REPLICATED = [
    f"{kind} of {part}, datum {datum}"
    for kind in ("weight", "bias")
    for datum in (0, 1)
    for part in ("loc", "log_scale")
]


def _both(of_datum: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Gradients in (loc, log_scale) of two data, ``(R, 2, 2)``, as gradients in the weights and biases of each, ``(R, 8)``."""
    return np.concatenate([part.reshape(len(part), -1) for part in (of_datum * x, of_datum)], -1)


def _rows(
    probe: Probe, x: np.ndarray, weight: np.ndarray, bias: np.ndarray, count: int, eps: Any
) -> np.ndarray:
    """The gradients of so many replicates of two data, each with weights of its own, ``(R, 8)``."""
    params = {
        "weight": np.tile(weight, (count, 1, 1)),
        "bias": np.tile(bias, (count, 1)),
        "x": np.tile(x, (count, 1)),
    }
    reply = probe.gradient("toy/encoder", params, ref("p"), ref("encoder"), ref("x"), eps)
    return np.concatenate([reply.gradient[n].reshape(count, -1) for n in ("weight", "bias")], -1)


def _replicates(probe: Probe, x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> Any:
    """Draws of the gradient of two data with weights of their own, K = 2, beside those that are right."""
    loc, log_scale = np.moveaxis((weight @ x[..., None])[..., 0] + bias, -1, 0)[..., None]

    def draw(count: int) -> Draws:
        eps = noise((2, 2 * count, 1), probe.fresh_seed())
        got = _rows(probe, x, weight, bias, count, eps)
        where = (*(np.tile(part, (count, 1)) for part in (loc, log_scale, x)), drawn(eps))
        terms, s = toy_terms(*where), np.exp(where[1])
        reward = terms["log_w"][..., None] * np.concatenate([where[3] / s, where[3] ** 2 - 1], -1)

        def rows(of_datum: np.ndarray) -> np.ndarray:
            return _both(of_datum.reshape(count, 2, 2), x)

        right = {
            "the path derivative": rows(terms["path"]),
            "the total derivative": rows(terms["path"] + terms["score"]),
        }
        rival = {"the score-function gradient": rows(reward.mean(0))}
        return Draws(got, right, rival)

    return draw


def _on_average(probe: Probe, rng: np.random.Generator) -> Finding:
    """Of an estimate that is neither the total nor the path gradient: is its mean right?"""
    x, weight = rng.uniform(1.0, 2.0, (2, 1)), 0.4 * rng.normal(size=(2, 2, 1))
    bias = np.stack([rng.normal(size=2), rng.uniform(-0.9, -0.4, 2)], -1)
    loc, log_scale = np.moveaxis((weight @ x[..., None])[..., 0] + bias, -1, 0)
    slope = np.stack([x[:, 0] - 2 * loc, 1 - 2 * np.exp(2 * log_scale)], -1)  # of the exact ELBO
    return unbiased(
        probe,
        _replicates(probe, x, weight, bias),
        _both(slope[None], x)[0],
        names=REPLICATED,
        what="the mean gradient",
    )


@EXERCISE.part(
    "Its noise is no more than that of the total derivative, and no less than that of the path",
    weight=0.5,
    needs=["mean_gradient"],
)
def noise_of_the_gradient(probe: Probe, rng: np.random.Generator) -> Finding:
    """Any unbiased gradient is right here; how noisy it is, is the learner's choice. Near the landing the two differ most."""
    x = rng.uniform(1.0, 2.0, (2, 1))
    weight = np.stack([rng.normal(size=(2, 1)), rng.uniform(-0.03, 0.03, (2, 1))], 1)
    c = rng.uniform(0.6, 0.9, 2) * rng.choice([-1, 1], 2)
    bias = np.stack(
        [(x[:, 0] - c) / 2 - weight[:, 0, 0] * x[:, 0], rng.uniform(-0.42, -0.36, 2)], -1
    )
    where = x, weight, bias
    return _in_company(probe, rng, *where) or efficiency(
        probe, _replicates(probe, *where), REPLICATED
    )


def _in_company(
    probe: Probe, rng: np.random.Generator, x: np.ndarray, weight: np.ndarray, bias: np.ndarray
) -> Finding | None:
    """Whether an estimate is another when the others of the batch are: it is averaged with them, and quiet for no good reason.

    The total derivative has room for that, down to the noise of the path. Who draws noise of their own is not asked.
    """
    count = COMPANY
    eps, order = rng.normal(size=(2, count, 2, 1)), rng.permutation(count)
    given = eps.reshape(2, -1, 1)
    first, again = (_rows(probe, x, weight, bias, count, given) for _ in range(2))
    moved = _rows(probe, x, weight, bias, count, eps[:, order].reshape(2, -1, 1))
    if not np.allclose(first, again) or np.allclose(first[order], moved, rtol=1e-6, atol=1e-8):
        return None
    return Finding(
        False,
        "an estimate of each datum that depends on its own noise alone",
        "another one where the data stand in another order",
        "too_quiet",
        "Each datum's estimate holds something of its neighbours': it is averaged with others that it should know nothing of. "
        "Average over the samples, axis 0, and nothing else.",
    )
