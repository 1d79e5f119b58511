"""Two stochastic layers."""

from __future__ import annotations

import numpy as np
import torch
from torch.func import functional_call

from autograder.checks.compare import compare, zero
from autograder.checks.efficiency import Draws
from autograder.checks.estimates import unbiased
from autograder.checks.exercise import exercise
from autograder.checks.finding import Finding, Mistake
from autograder.checks.probe import Probe, drawn, noise
from autograder.protocol.pullback import block_means
from autograder.protocol.wire import ref
from autograder.units.shared import NO_MEAN, Arrays
from autograder.units.unit_09.reference import (
    SAMPLE_DETACHED,
    chain_posterior,
    flat,
    objects,
    parts,
    path_and_total,
    usual_mistakes,
)

BLOCKS = 40  # replicates come as the means of so many blocks: all data share the parameters

EXERCISE = exercise(
    __name__,
    title="Two stochastic layers",
    function="two_layer_path_derivative",
    points=3,
    difficulty=4,
    importance=4,
    minutes=25,
    read="section 6, Two layers, and the path that must not be cut",
    hides=[],
    because="Layered, with its frozen density, is a right answer; freezing is asked earlier",
)


def chain_params(rng: np.random.Generator, batch: int = 3) -> Arrays:
    """Two linear encoders well away from the posterior, with scales that depend on their input, and data."""

    def layer(low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
        weight = np.array(
            [[rng.uniform(low, high)], [rng.uniform(0.1, 0.25) * rng.choice([-1, 1])]]
        )
        return weight, np.array([rng.uniform(0.3, 0.6), rng.uniform(-0.6, 0.0)])

    (weight1, bias1), (weight2, bias2) = layer(0.3, 0.9), layer(0.7, 1.0)
    return {
        "weight1": weight1,
        "bias1": bias1,
        "weight2": weight2,
        "bias2": bias2,
        "x": rng.uniform(0.5, 1.5, (batch, 1)),
    }


CHAIN = [ref("p"), ref("q1"), ref("q2"), ref("x")]
CUT = (
    "The path through z1 was cut inside q(z2 | z1): freezing the conditional must not detach its argument. Unbiased, but the landing "
    "is missed. Hold the parameters of q2 constant, and hand z1 to it as it is."
)


def _chain_terms(problem: str, params: Arrays, eps: np.ndarray, seed: int) -> Arrays:
    """``parts`` of the joint event, and what each mistake makes of it; pulled back with the weights of the request of this seed."""
    made = objects(problem, params)
    p, q1, q2, x, learned = (
        made["p"],
        made["q1"],
        made["q2"],
        made["x"],
        list(made["learn"].values()),
    )
    noise1, noise2 = torch.from_numpy(eps[..., :1]), torch.from_numpy(eps[..., 1:])
    z1 = q1.transport(noise1, x)
    z2 = q2.transport(noise2, z1)
    log_p = p.log_joint(x, torch.cat([z1, z2], -1))
    frozen1 = functional_call(
        q1, {name: value.detach() for name, value in q1.named_parameters()}, (x, z1)
    )
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


def _in_blocks(problem: str, params: Arrays, eps: np.ndarray) -> Arrays:
    """Path derivative and score term in the parameters that all data share, as means of ``BLOCKS`` blocks of rows."""
    made = objects(problem, params)
    p, q, x, learned = made["p"], made["q"], made["x"], list(made["learn"].values())
    z = q.transport(torch.from_numpy(eps), x)
    constants = {name: parameter.detach() for name, parameter in q.named_parameters()}
    path = p.log_joint(x, z) - functional_call(q, constants, (x, z))

    def rows(value: torch.Tensor) -> np.ndarray:
        found = block_means(value.mean(0), learned, BLOCKS)
        return torch.cat([g.reshape(BLOCKS, -1) for g in found if g is not None], -1).numpy()

    return {"path": rows(path), "score": rows(-q(x, z.detach()))}


def _layer_mistakes(terms: Arrays) -> list[Mistake]:
    return [
        Mistake("path_cut", CUT, terms["cut"]),
        Mistake(
            "only_first_frozen",
            "The score term of q(z2 | z1) is still there: you froze the first layer alone.",
            terms["only_first"],
        ),
        Mistake(
            "only_second_frozen",
            "The score term of q(z1 | x) is still there: you froze the second layer alone.",
            terms["only_second"],
        ),
        Mistake(
            "layer_detached",
            "z1 was detached before q2 drew z2 from it, so what z1 does through z2 is lost. That is biased.",
            terms["layer_detached"],
        ),
        Mistake(
            "layer_detached",
            "z2 was drawn from a detached z1, so what z1 does through z2 is lost. That is biased.",
            terms["draw_detached"],
        ),
        *usual_mistakes(terms),
    ]


@EXERCISE.part("The value is the ELBO estimate, one number per datum", weight=0.5)
def value(probe: Probe, rng: np.random.Generator) -> Finding:
    params, eps = chain_params(rng), rng.normal(size=(4, 3, 2))
    for bias in ("bias1", "bias2"):  # a wide q, of which the first datum sees the middle alone
        params[bias] += [0.0, 1.5]
    params["x"][0], eps[:, 0] = 0.0, 0.1 * eps[:, 0]  # there log w is positive
    log_w = parts("chain/layered", params, eps)["log_w"]
    made = objects("chain/layered", params)
    with torch.no_grad():
        z1 = made["q1"].transport(torch.from_numpy(eps[..., :1]), made["x"])
        z2 = made["q2"].transport(torch.from_numpy(eps[..., 1:]), z1)
        second = made["q2"](z1, z2).numpy()
        joint, turned = (
            made["p"].log_joint(made["x"], torch.cat(pair, -1)).numpy()
            for pair in ((z1, z2), (z2, z1))
        )
    reply = probe.gradient("chain/layered", params, *CHAIN, eps[..., :1], eps[..., 1:])
    return compare(
        reply.value,
        log_w.mean(0),
        what="the value",
        mistakes=[
            Mistake(
                "layer_forgotten",
                "log q(z2 | z1) is missing: the density of the pair is the product of both layers.",
                (log_w + second).mean(0),
            ),
            Mistake(
                "layers_swapped",
                "The model wants (z1, z2) side by side, z1 first; you handed it (z2, z1).",
                (log_w - joint + turned).mean(0),
            ),
            Mistake(
                "sum_over_samples",
                "The ELBO estimate is the mean over the K samples, not their sum.",
                log_w.sum(0),
            ),
            Mistake(
                "mean_over_batch",
                "You averaged over the batch as well. Average over the samples, axis 0, alone.",
                log_w.mean(),
            ),
            Mistake("no_mean", NO_MEAN, log_w),
        ],
    )


@EXERCISE.part("The gradient at fixed noise is the path derivative", weight=1.5)
def gradient(probe: Probe, rng: np.random.Generator) -> Finding:
    params, eps = chain_params(rng), rng.normal(size=(4, 3, 2))
    reply = probe.gradient("chain/layered", params, *CHAIN, eps[..., :1], eps[..., 1:])
    terms = _chain_terms("chain/layered", params, eps, reply.seed)
    finding = compare(reply.flat(), terms["path"], _layer_mistakes(terms), what="the gradient")
    if not finding.ok:
        return finding
    # Somebody holds a part of the second layer: it stays held.
    reply = probe.gradient("chain/still", params, *CHAIN, eps[..., :1], eps[..., 1:])
    terms = _chain_terms("chain/still", params, eps, reply.seed)
    what = "the gradient where a part of q2 does not learn"
    return compare(reply.flat(), terms["path"], _layer_mistakes(terms), what=what)


@EXERCISE.part("On average it is the gradient of the ELBO", weight=0.5)
def mean_gradient(probe: Probe, rng: np.random.Generator) -> Finding:
    one = chain_params(rng, batch=1)
    nodes, weights = np.polynomial.hermite_e.hermegauss(24)
    grid = np.stack(np.meshgrid(nodes, nodes, indexing="ij"), -1).reshape(-1, 1, 2)
    mass = torch.from_numpy(np.outer(weights, weights).ravel() / weights.sum() ** 2)
    made = objects("chain/layered", one)
    z = made["q"].transport(torch.from_numpy(grid), made["x"])
    log_w = (made["p"].log_joint(made["x"], z) - made["q"](made["x"], z))[:, 0]
    exact = flat(mass @ log_w, made["learn"].values())

    def draw(count: int) -> Draws:
        params = {**one, "x": np.tile(one["x"], (count, 1))}
        halves = [noise((1, count, 1), probe.fresh_seed()) for _ in range(2)]
        got = probe.block_gradients("chain/layered", params, BLOCKS, *CHAIN, *halves).flat(BLOCKS)
        eps = np.concatenate([drawn(half) for half in halves], -1)
        return path_and_total(got, _in_blocks("chain/layered", params, eps))

    return unbiased(
        probe,
        draw,
        exact,
        replicates=5000,
        blocks=BLOCKS,
        names=[
            f"{name} ({kind})"
            for name in ("weight of q1", "bias of q1", "weight of q2", "bias of q2")
            for kind in ("loc", "log_scale")
        ],
    )


@EXERCISE.part("It vanishes at the posterior, for every draw", weight=1.5, needs=["gradient"])
def zero_at_the_posterior(probe: Probe, rng: np.random.Generator) -> Finding:
    params, eps = chain_posterior(rng), rng.normal(size=(4, 3, 2))
    reply = probe.gradient("chain/layered", params, *CHAIN, eps[..., :1], eps[..., 1:])
    terms = _chain_terms("chain/layered", params, eps, reply.seed)
    if not np.any(reply.flat()) and len(reply.unused) == len(reply.gradient):
        return Finding(
            False,
            "a gradient that reaches the parameters and cancels",
            "no path to any parameter",
            "sample_detached",
            SAMPLE_DETACHED,
        )
    return zero(
        reply.flat(),
        mistakes=[
            mistake for mistake in _layer_mistakes(terms) if np.any(np.abs(mistake.value) > 1e-6)
        ],
    )
