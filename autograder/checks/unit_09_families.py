"""Checks of unit 09: freezing any family, and two stochastic layers without cutting the path."""

from __future__ import annotations

import numpy as np
import torch
from torch.func import functional_call

from autograder.checks.registry import part
from autograder.checks.unit_09_reference import (
    ENTROPY_DROPPED,
    SAMPLE_DETACHED,
    SCORE_KEPT,
    SCORE_SIGN,
    Arrays,
    as_array,
    chain_params,
    chain_posterior,
    flat,
    gaussian_params,
    objects,
    parts,
    replicated,
)
from autograder.evidence import Finding, Mistake, compare, holds, unbiased, zero
from autograder.probes import Probe, noise
from autograder.wire import ref

ANY = "09_frozen_family"
LAYERS = "09_two_layers"
FAMILY = [ref("p"), ref("q"), ref("x")]
CHAIN = [ref("p"), ref("q1"), ref("q2"), ref("x")]
LEAK = ("The parameters leak back into log q, and the score term with them. A density such as a flow's reads its network while "
        "log_prob runs, so detaching numbers or objects beforehand is too early: evaluate the module q itself with constant parameters.")
BLOCK = 125           # replicates of two layers come as means of so many: all data share the parameters
CUT = ("The path through z1 was cut inside q(z2 | z1): freezing the conditional must not detach its argument. Unbiased, but the landing "
       "is missed. Hold the parameters of q2 constant, and hand z1 to it as it is.")


def _usual(terms: Arrays) -> list[Mistake]:
    return [
        Mistake("score_kept", SCORE_KEPT, terms["path"] + terms["score"]),
        Mistake("sample_detached", SAMPLE_DETACHED, np.zeros_like(terms["path"])),
        Mistake("sample_detached", SAMPLE_DETACHED, terms["score"]),
        Mistake("score_sign", SCORE_SIGN, terms["path"] - terms["score"]),
        Mistake("entropy_dropped", ENTROPY_DROPPED, terms["model"]),
    ]


@part(ANY, "It leaves the family as it found it", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params = gaussian_params(rng, "mean_field")
    seen = probe.drive("freeze/leaves_no_trace", **params, eps=rng.normal(size=(2, *params["x"].shape)))
    if not seen["learns"]:
        return holds(False, "after the call q still learns", "its parameters no longer require gradients", "left_frozen",
                     "You switched requires_grad off. That also stops the gradient through the sample, and it outlives the call. Work on "
                     "detached parameters instead.")
    if as_array(seen["value"]).shape != params["x"].shape[:1]:
        return compare(seen["value"], np.zeros(len(params["x"])), what="the value")
    return holds(seen["same"], "after the call q has the parameters it had", "they are the same" if seen["same"] else "they have changed",
                 "family_changed",
                 "An estimator must not change the family it estimates for: copy it first.")


@part(ANY, "The value is the ELBO estimate, one number per datum", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params = gaussian_params(rng, "mean_field")
    eps = rng.normal(size=(4, *params["x"].shape))
    log_w = parts("freeze/mean_field", params, eps)["log_w"]
    return compare(probe.gradient("freeze/mean_field", params, *FAMILY, eps).value, log_w.mean(0), what="the value", mistakes=[
        Mistake("sum_over_samples", "The ELBO estimate is the mean over the K samples, not their sum.", log_w.sum(0)),
        Mistake("mean_over_batch", "You averaged over the batch as well. Average over the samples, axis 0, alone.", log_w.mean()),
        Mistake("no_mean", "You returned one number per sample. Average over the K samples, axis 0.", log_w),
    ])


@part(ANY, "Gaussians (diagonal, full, factor): the gradient at fixed noise is the path derivative", weight=1.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    finding = Finding(False)
    for kind in ("mean_field", "full_rank", "factor"):
        params = gaussian_params(rng, kind)
        eps = rng.normal(size=(4, 3, 3 if kind == "factor" else 2))
        terms = parts(f"freeze/{kind}", params, eps)
        got = probe.gradient(f"freeze/{kind}", params, *FAMILY, eps).flat()
        finding = compare(got, terms["path"], _usual(terms), what=f"the gradient for a {kind.replace('_', ' ')} family")
        if not finding.ok:
            return finding
    return Finding(True, finding.expected, "all three agree")


@part(ANY, "On average it is the gradient of the ELBO", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    one = {name: value[0] for name, value in gaussian_params(rng, "full_rank").items()}
    one = {name: one[name] for name in ("loc", "log_scale", "lower", "x")}
    lower = np.tril(one["lower"], -1)
    exact = np.concatenate([one["x"] - 2 * one["loc"], 1 - 2 * np.exp(2 * one["log_scale"]), -2 * lower.ravel()])
    names = ["loc[0]", "loc[1]", "log_scale[0]", "log_scale[1]", "lower[0, 0]", "lower[0, 1]", "lower[1, 0]", "lower[1, 1]"]

    def draw(count: int) -> np.ndarray:
        return probe.gradient("freeze/full_rank", replicated(one, count), *FAMILY, noise((1, count, 2), probe.fresh_seed())).flat(count)

    return unbiased(probe, draw, exact, names=names, mistakes=[
        Mistake("sample_detached", "On average your gradient is zero: nothing but the score term is left of it.", np.zeros(8)),
        Mistake("entropy_dropped", ENTROPY_DROPPED, exact - np.array([0.0, 0, 1, 1, 0, 0, 0, 0]))])


@part(ANY, "A flow that is its own posterior: zero for every draw", weight=1.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params = {"x": rng.normal(size=(3, 1)), "seed": np.array(int(rng.integers(10**6))), "nudge": np.array(0.0)}
    return _landing(probe, "freeze/flow", params, rng.normal(size=(4, 3, 2)), Mistake("leak", LEAK, None))


@part(ANY, "Two layers at their exact posterior: zero for every draw")
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    return _landing(probe, "freeze/layered", chain_posterior(rng), rng.normal(size=(4, 3, 2)), Mistake("leak", LEAK, None))


def _landing(probe: Probe, problem: str, params: Arrays, eps: np.ndarray, otherwise: Mistake) -> Finding:
    """Zero at the posterior; what is left over may be the score term that leaked."""
    reply = probe.gradient(problem, params, *FAMILY, eps)
    terms, got = parts(problem, params, eps, reply.seed), reply.flat()
    if not np.any(got) and len(reply.unused) == len(reply.gradient):
        return Finding(False, "a gradient that reaches the parameters and cancels", "no path to any parameter", "sample_detached",
                       SAMPLE_DETACHED)
    if np.allclose(got, terms["score"]) and _total_for_gaussians(probe):
        otherwise = Mistake("score_kept", SCORE_KEPT, None)
    return zero(got, mistakes=[
        Mistake("entropy_dropped", ENTROPY_DROPPED, terms["model"]),
        Mistake("score_sign", SCORE_SIGN, -terms["score"]),
        Mistake(otherwise.key, otherwise.says, terms["score"])])


def _total_for_gaussians(probe: Probe) -> bool:
    """Whether the score term is there even for a family whose density is plain numbers: then nothing leaked, it was never frozen."""
    rng = np.random.default_rng(probe.fresh_seed())
    params = gaussian_params(rng, "mean_field")
    eps = rng.normal(size=(4, *params["x"].shape))
    reply = probe.gradient("freeze/mean_field", params, *FAMILY, eps)
    terms = parts("freeze/mean_field", params, eps, reply.seed)
    return bool(np.allclose(reply.flat(), terms["path"] + terms["score"]))


# ------------------------------------------------------------------ two layers

def _chain_terms(problem: str, params: Arrays, eps: np.ndarray, seed: int) -> Arrays:
    """``parts`` of the joint event, and what each mistake makes of it; pulled back with the weights of the request of this seed."""
    made = objects(problem, params)
    p, q1, q2, x, learned = made["p"], made["q1"], made["q2"], made["x"], list(made["learn"].values())
    noise1, noise2 = torch.from_numpy(eps[..., :1]), torch.from_numpy(eps[..., 1:])
    z1 = q1.transport(noise1, x)
    z2 = q2.transport(noise2, z1)
    log_p = p.log_joint(x, torch.cat([z1, z2], -1))
    frozen1 = functional_call(q1, {name: value.detach() for name, value in q1.named_parameters()}, (x, z1))
    constants2 = {name: value.detach() for name, value in q2.named_parameters()}
    frozen2 = functional_call(q2, constants2, (z1, z2))
    cut2 = functional_call(q2, constants2, (z1.detach(), z2))
    z2_stopped = q2.transport(noise2, z1.detach())
    log_p_stopped = p.log_joint(x, torch.cat([z1, z2_stopped], -1))
    frozen2_stopped = functional_call(q2, constants2, (z1.detach(), z2_stopped))
    frozen2_half = functional_call(q2, constants2, (z1, z2_stopped))

    def gradient(surrogate: torch.Tensor) -> np.ndarray:
        return flat(surrogate.mean(0), learned, made=made, seed=seed)

    return {
        "path": gradient(log_p - frozen1 - frozen2),
        "score": gradient(-q1(x, z1.detach()) - q2(z1.detach(), z2.detach())),
        "model": gradient(log_p),
        "cut": gradient(log_p - frozen1 - cut2),
        "only_first": gradient(log_p - frozen1 - q2(z1, z2)),
        "only_second": gradient(log_p - q1(x, z1) - frozen2),
        "layer_detached": gradient(log_p_stopped - frozen1 - frozen2_stopped),
        "draw_detached": gradient(log_p_stopped - frozen1 - frozen2_half),
        "log_w": (log_p - frozen1 - frozen2).detach().numpy(),
    }


def _layer_mistakes(terms: Arrays) -> list[Mistake]:
    return [
        Mistake("path_cut", CUT, terms["cut"]),
        Mistake("only_first_frozen", "The score term of q(z2 | z1) is still there: you froze the first layer alone.", terms["only_first"]),
        Mistake("only_second_frozen", "The score term of q(z1 | x) is still there: you froze the second layer alone.",
                terms["only_second"]),
        Mistake("layer_detached", "z1 was detached before q2 drew z2 from it, so what z1 does through z2 is lost. That is biased.",
                terms["layer_detached"]),
        Mistake("layer_detached", "z2 was drawn from a detached z1, so what z1 does through z2 is lost. That is biased.",
                terms["draw_detached"]),
        *_usual(terms),
    ]


@part(LAYERS, "The value is the ELBO estimate, one number per datum", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params, eps = chain_params(rng), rng.normal(size=(4, 3, 2))
    log_w = parts("chain/layered", params, eps)["log_w"]
    made = objects("chain/layered", params)
    with torch.no_grad():
        z1 = made["q1"].transport(torch.from_numpy(eps[..., :1]), made["x"])
        z2 = made["q2"].transport(torch.from_numpy(eps[..., 1:]), z1)
        second = made["q2"](z1, z2).numpy()
        joint, turned = (made["p"].log_joint(made["x"], torch.cat(pair, -1)).numpy() for pair in ((z1, z2), (z2, z1)))
    reply = probe.gradient("chain/layered", params, *CHAIN, eps[..., :1], eps[..., 1:])
    return compare(reply.value, log_w.mean(0), what="the value", mistakes=[
        Mistake("layer_forgotten", "log q(z2 | z1) is missing: the density of the pair is the product of both layers.",
                (log_w + second).mean(0)),
        Mistake("layers_swapped", "The model wants (z1, z2) side by side, z1 first; you handed it (z2, z1).",
                (log_w - joint + turned).mean(0)),
        Mistake("sum_over_samples", "The ELBO estimate is the mean over the K samples, not their sum.", log_w.sum(0)),
        Mistake("mean_over_batch", "You averaged over the batch as well. Average over the samples, axis 0, alone.", log_w.mean()),
        Mistake("no_mean", "You returned one number per sample. Average over the K samples, axis 0.", log_w),
    ])


@part(LAYERS, "The gradient at fixed noise is the path derivative", weight=1.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params, eps = chain_params(rng), rng.normal(size=(4, 3, 2))
    reply = probe.gradient("chain/layered", params, *CHAIN, eps[..., :1], eps[..., 1:])
    terms = _chain_terms("chain/layered", params, eps, reply.seed)
    return compare(reply.flat(), terms["path"], _layer_mistakes(terms), what="the gradient")


@part(LAYERS, "On average it is the gradient of the ELBO", weight=0.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    one = chain_params(rng, batch=1)
    nodes, weights = np.polynomial.hermite_e.hermegauss(24)
    grid = np.stack(np.meshgrid(nodes, nodes, indexing="ij"), -1).reshape(-1, 1, 2)
    mass = torch.from_numpy(np.outer(weights, weights).ravel() / weights.sum() ** 2)
    made = objects("chain/layered", one)
    z = made["q"].transport(torch.from_numpy(grid), made["x"])
    log_w = (made["p"].log_joint(made["x"], z) - made["q"](made["x"], z))[:, 0]
    exact = flat(mass @ log_w, made["learn"].values())

    def draw(count: int) -> np.ndarray:
        params = {**one, "x": np.tile(one["x"], (count, 1))}
        halves = [noise((1, count, 1), probe.fresh_seed()) for _ in range(2)]
        return probe.block_gradients("chain/layered", params, count // BLOCK, *CHAIN, *halves).flat(count // BLOCK)

    return unbiased(probe, draw, exact, replicates=5000, block=BLOCK, names=[
        f"{name} ({kind})" for name in ("weight of q1", "bias of q1", "weight of q2", "bias of q2") for kind in ("loc", "log_scale")])


@part(LAYERS, "It vanishes at the posterior, for every draw", weight=1.5)
def _(probe: Probe, rng: np.random.Generator) -> Finding:
    params, eps = chain_posterior(rng), rng.normal(size=(4, 3, 2))
    reply = probe.gradient("chain/layered", params, *CHAIN, eps[..., :1], eps[..., 1:])
    terms = _chain_terms("chain/layered", params, eps, reply.seed)
    if not np.any(reply.flat()) and len(reply.unused) == len(reply.gradient):
        return Finding(False, "a gradient that reaches the parameters and cancels", "no path to any parameter", "sample_detached",
                       SAMPLE_DETACHED)
    return zero(reply.flat(), mistakes=[mistake for mistake in _layer_mistakes(terms) if np.any(np.abs(mistake.value) > 1e-6)])
