"""What the checks of unit 09 hold answers against: the parts of the gradient, for any family, and closed forms on the toy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call

from autograder import problems
from autograder.problems.pullback import batch_of, pull_back

Arrays = dict[str, np.ndarray]
LOG_2PI = np.log(2 * np.pi)

SCORE_KEPT = "This is the total derivative: the score term is still there. Hold the parameters constant while log q is evaluated."
SAMPLE_DETACHED = ("The path is gone: z itself was detached, or drawn without a graph. Hold constant the parameters inside log q, "
                   "never the sample.")
SCORE_SIGN = ("The score term has been added a second time with the wrong sign instead of being dropped. On average that is right too, "
              "so no test of bias can see it.")
ENTROPY_DROPPED = "The whole of log q is constant here, so the entropy pulls no more. Keep the path through z in log q."


def as_array(value: Any) -> np.ndarray:
    """What came from an answer, as an array of floats; empty where it is no array of numbers, for ``compare`` to complain about."""
    try:
        return np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        return np.zeros(0)


def toy_terms(loc: np.ndarray, log_scale: np.ndarray, x: np.ndarray, eps: np.ndarray) -> Arrays:
    """The three parts of the gradient on the toy, averaged over samples: ``(*B, 2 D)``, loc first. S is the score *term*."""
    s = np.exp(log_scale)
    z = loc + s * eps
    model, density = x - 2 * z, -eps / s                       # d/dz log p(x, z), and d/dz log q(z)

    def both(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.concatenate([a.mean(0), b.mean(0)], -1)

    return {
        "path": both(model - density, (model - density) * s * eps),
        "model": both(model, model * s * eps),
        "score": -both(-density, eps**2 - 1),
        "log_w": (-0.5 * z**2 - 0.5 * (x - z) ** 2 - 0.5 * LOG_2PI + 0.5 * eps**2 + log_scale).sum(-1),
    }


def toy_variances(loc: float, log_scale: float, x: float) -> np.ndarray:
    r"""Variances of the one-sample gradient on the toy (D = 1): rows total and path, columns loc and log_scale.

    With c = x - 2 loc the path derivative is r = c + (1/s - 2s) eps for loc and r s eps for log_scale; the score term adds
    -eps/s and 1 - eps^2. Var eps^2 = 2 and Cov(eps, eps^2) = 0 give the rest.
    """
    s, c = np.exp(log_scale), x - 2 * loc
    return np.array([[4 * s**2, (c * s) ** 2 + 8 * s**4],
                     [(1 / s - 2 * s) ** 2, (c * s) ** 2 + 2 * (1 - 2 * s**2) ** 2]])


def objects(problem: str, params: Arrays) -> dict[str, Any]:
    """The same objects as the learner's, built here."""
    return problems.build(problem, {name: torch.from_numpy(np.array(value)) for name, value in params.items()})


def flat(value: Tensor, learned: Iterable[Tensor], replicates: int | None = None, made: dict[str, Any] | None = None,
         seed: int = 0) -> np.ndarray:
    """The gradient of ``value``, all parameters side by side, ``(P,)`` or ``(R, P)``: pulled back as an answer's is.

    Args:
        made: the problem's objects, where ``value`` has one number for each datum; without it, the gradient of the plain sum.
        seed: of the request, where the data share parameters; with a row for each datum it makes no difference.
    """
    learned = list(learned)
    batch, shared = (None, False) if made is None else (batch_of(made), made.get("shared", False))
    gradients = pull_back(value, learned, batch, seed, shared, retain_graph=True)
    filled = [torch.zeros_like(p) if g is None else g for p, g in zip(learned, gradients, strict=True)]
    rows = (-1,) if replicates is None else (replicates, -1)
    return torch.cat([g.reshape(rows) for g in filled], -1).numpy()


def parts(problem: str, params: Arrays, eps: np.ndarray, seed: int = 0) -> Arrays:
    """Path derivative, score term and model term of any family, flat; and the log weights ``(K, *B)``. ``seed``: see ``flat``."""
    made = objects(problem, params)
    p, q, x, learned = made["p"], made["q"], made["x"], list(made["learn"].values())
    z = q.transport(torch.from_numpy(eps), x)
    constants = {name: parameter.detach() for name, parameter in q.named_parameters()}
    log_p, frozen = p.log_joint(x, z), functional_call(q, constants, (x, z))
    return {
        "path": flat((log_p - frozen).mean(0), learned, made=made, seed=seed),
        "model": flat(log_p.mean(0), learned, made=made, seed=seed),
        "score": flat(-q(x, z.detach()).mean(0), learned, made=made, seed=seed),
        "log_w": (log_p - frozen).detach().numpy(),
    }


def gaussian_params(rng: np.random.Generator, kind: str, batch: int = 3, dim: int = 2) -> Arrays:
    """Random parameters of a Gaussian family of this kind, one set per datum, and data."""
    params = {"loc": rng.normal(size=(batch, dim)), "log_scale": rng.uniform(-1.2, 0.3, (batch, dim)), "x": rng.normal(size=(batch, dim))}
    if kind == "full_rank":
        params["lower"] = rng.normal(size=(batch, dim, dim))
    if kind == "factor":
        params["factor"] = rng.normal(size=(batch, dim, 1))
    return params


def chain_params(rng: np.random.Generator, batch: int = 3) -> Arrays:
    """Two linear encoders well away from the posterior, with scales that depend on their input, and data."""
    def layer(low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
        weight = np.array([[rng.uniform(low, high)], [rng.uniform(0.1, 0.25) * rng.choice([-1, 1])]])
        return weight, np.array([rng.uniform(0.3, 0.6), rng.uniform(-0.6, 0.0)])

    (weight1, bias1), (weight2, bias2) = layer(0.3, 0.9), layer(0.7, 1.0)
    return {"weight1": weight1, "bias1": bias1, "weight2": weight2, "bias2": bias2, "x": rng.uniform(0.5, 1.5, (batch, 1))}


def toy_start(rng: np.random.Generator) -> tuple[Arrays, np.ndarray]:
    """One place on the toy, well away from the posterior, and the exact gradient there: what is biased shows at once."""
    loc, c = rng.normal(size=1), rng.uniform(1.0, 1.5, 1) * rng.choice([-1, 1])
    log_scale = rng.uniform(-0.7, -0.5, 1)
    return {"loc": loc, "log_scale": log_scale, "x": 2 * loc + c}, np.concatenate([c, 1 - 2 * np.exp(2 * log_scale)])


def replicated(one: Arrays, count: int) -> Arrays:
    """The same place R times: the batch axis is also the replicate axis."""
    return {name: np.tile(value, (count,) + (1,) * value.ndim) for name, value in one.items()}


def chain_posterior(rng: np.random.Generator, batch: int = 3) -> Arrays:
    """The encoders that make two layers exact: z1 | x ~ N(2x/3, 2/3) and z2 | z1 ~ N(z1/2, 1/2)."""
    return {"weight1": np.array([[2 / 3], [0.0]]), "bias1": np.array([0.0, 0.5 * np.log(2 / 3)]), "weight2": np.array([[0.5], [0.0]]),
            "bias2": np.array([0.0, 0.5 * np.log(0.5)]), "x": rng.normal(size=(batch, 1))}
