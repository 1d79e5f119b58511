"""What several exercises of unit 09 share: references, inputs and common mistakes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call

from autograder.checks.efficiency import Draws
from autograder.checks.finding import Mistake
from autograder.protocol import problems
from autograder.protocol.pullback import batch_of, pull_back
from autograder.units.shared import Arrays

SCORE_KEPT = "This is the total derivative: the score term is still there. Hold the parameters constant while log q is evaluated."
SAMPLE_DETACHED = (
    "The path is gone: z itself was detached, or drawn without a graph. Hold constant the parameters inside log q, "
    "never the sample."
)
SCORE_SIGN = (
    "The score term has been added a second time with the wrong sign instead of being dropped. On average that is right too, "
    "so no test of bias can see it."
)
ENTROPY_DROPPED = "The whole of log q is constant here, so the entropy pulls no more. Keep the path through z in log q."
ENTROPY_LOST = (
    "On average the pull of the entropy is missing: log q does not act through the sample."
)
WRONG_ONE = "In log q you held z constant and left the parameters alive: it is the other way round."


def objects(problem: str, params: Arrays) -> dict[str, Any]:
    """The same objects as the learner's, built here."""
    problems.load("09")
    return problems.build(
        problem, {name: torch.from_numpy(np.array(value)) for name, value in params.items()}
    )


def flat(
    value: Tensor,
    learned: Iterable[Tensor],
    replicates: int | None = None,
    made: dict[str, Any] | None = None,
    seed: int = 0,
) -> np.ndarray:
    """The gradient of ``value``, all parameters side by side, ``(P,)`` or ``(R, P)``: pulled back as an answer's is.

    Args:
        made: the problem's objects, where ``value`` has one number for each datum; without it, the gradient of the plain sum.
        seed: of the request, where the data share parameters; with a row for each datum it makes no difference.
    """
    learned = list(learned)
    batch, shared = (None, False) if made is None else (batch_of(made), made.get("shared", False))
    gradients = pull_back(value, learned, batch, seed, shared, retain_graph=True)
    filled = [
        torch.zeros_like(p) if g is None else g for p, g in zip(learned, gradients, strict=True)
    ]
    rows = (-1,) if replicates is None else (replicates, -1)
    return torch.cat([g.reshape(rows) for g in filled], -1).numpy()


def parts(
    problem: str,
    params: Arrays,
    eps: np.ndarray,
    seed: int = 0,
    replicates: int | None = None,
) -> Arrays:
    """Path derivative, score term and model term of any family, flat; and the log weights ``(K, *B)``. Last arguments: see ``flat``."""
    made = objects(problem, params)
    p, q, x, learned = made["p"], made["q"], made["x"], list(made["learn"].values())
    z = q.transport(torch.from_numpy(eps), x)
    constants = {name: parameter.detach() for name, parameter in q.named_parameters()}
    log_p, frozen = p.log_joint(x, z), functional_call(q, constants, (x, z))
    return {
        "path": flat((log_p - frozen).mean(0), learned, replicates, made, seed),
        "model": flat(log_p.mean(0), learned, replicates, made, seed),
        "score": flat(-q(x, z.detach()).mean(0), learned, replicates, made, seed),
        "log_w": (log_p - frozen).detach().numpy(),
    }


PATH, TOTAL = "the path derivative", "the total derivative"


def path_and_total(estimates: np.ndarray, terms: Arrays) -> Draws:
    """Estimates, and those of both right estimators at the same noise: what is held against them is the noisier and the quieter."""
    both = {PATH: terms["path"], TOTAL: terms["path"] + terms["score"]}
    return Draws(estimates, both)


def near_the_landing(rng: np.random.Generator) -> tuple[Arrays, np.ndarray]:
    """A place on the toy where the path derivative has less than half the variance of the total, and the exact gradient there."""
    loc, c = rng.normal(size=1), rng.uniform(1.0, 1.3, 1) * rng.choice([-1, 1])
    log_scale = rng.uniform(-0.5, -0.42, 1)
    exact = np.concatenate([c, 1 - 2 * np.exp(2 * log_scale)])
    return {"loc": loc, "log_scale": log_scale, "x": 2 * loc + c}, exact


def gaussian_params(rng: np.random.Generator, kind: str, batch: int = 3, dim: int = 2) -> Arrays:
    """Random parameters of a Gaussian family of this kind, one set per datum, and data."""
    params = {
        "loc": rng.normal(size=(batch, dim)),
        "log_scale": rng.uniform(-1.2, 0.3, (batch, dim)),
        "x": rng.normal(size=(batch, dim)),
    }
    if kind == "full_rank":
        params["lower"] = rng.normal(size=(batch, dim, dim))
    if kind == "factor":
        params["factor"] = rng.normal(size=(batch, dim, 1))
    return params


def replicated(one: Arrays, count: int) -> Arrays:
    """The same place R times: the batch axis is also the replicate axis."""
    return {name: np.tile(value, (count,) + (1,) * value.ndim) for name, value in one.items()}


def chain_posterior(rng: np.random.Generator, batch: int = 3) -> Arrays:
    """The encoders that make two layers exact: z1 | x ~ N(2x/3, 2/3) and z2 | z1 ~ N(z1/2, 1/2)."""
    return {
        "weight1": np.array([[2 / 3], [0.0]]),
        "bias1": np.array([0.0, 0.5 * np.log(2 / 3)]),
        "weight2": np.array([[0.5], [0.0]]),
        "bias2": np.array([0.0, 0.5 * np.log(0.5)]),
        "x": rng.normal(size=(batch, 1)),
    }


def usual_mistakes(terms: Arrays) -> list[Mistake]:
    return [
        Mistake("score_kept", SCORE_KEPT, terms["path"] + terms["score"]),
        Mistake("sample_detached", SAMPLE_DETACHED, np.zeros_like(terms["path"])),
        Mistake("sample_detached", SAMPLE_DETACHED, terms["score"]),
        Mistake("score_sign", SCORE_SIGN, terms["path"] - terms["score"]),
        Mistake("entropy_dropped", ENTROPY_DROPPED, terms["model"]),
        Mistake("wrong_one_frozen", WRONG_ONE, terms["model"] + terms["score"]),
    ]
