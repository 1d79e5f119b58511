"""What several exercises of unit 06 share: references, inputs and common mistakes."""

from __future__ import annotations

import numpy as np

from autograder.checks.finding import Finding
from autograder.checks.probe import Probe
from autograder.units.shared import Arrays


def hermite(order: int) -> tuple[np.ndarray, np.ndarray]:
    """Points and weights of the expectation over a standard normal."""
    points, weights = np.polynomial.hermite_e.hermegauss(order)
    return points, weights / weights.sum()


def random_toy(
    rng: np.random.Generator, batch: tuple[int, ...] = (4,), samples: int = 7
) -> tuple[Arrays, np.ndarray]:
    """Parameters of a diagonal Gaussian, data, and noise, in three dimensions.

    Of a batch the first q is narrow, the second wide, the third datum far out, and some noise of the last is far out too.
    """
    shape = (*batch, DIM)
    params = {
        "loc": rng.normal(size=shape),
        "log_scale": rng.uniform(-1.2, 0.3, shape),
        "x": rng.normal(size=shape),
    }
    eps = rng.normal(size=(samples, *shape))
    if batch and batch[0] > 2:
        params["log_scale"][0] = rng.uniform(-8.0, -7.0, DIM)
        params["log_scale"][1] = rng.uniform(2.6, 3.2, DIM)
        params["x"][2] = rng.uniform(55.0, 65.0, DIM) * rng.choice([-1, 1], DIM)
        eps[:2, -1, 0] = rng.uniform(4.0, 5.0, 2) * [-1, 1]
    return params, eps


def logcosh_terms(loc: np.ndarray, log_scale: np.ndarray, x: np.ndarray, eps: np.ndarray) -> Arrays:
    """The parts of the gradient for ``problems.LogCosh``, averaged over samples: ``(*B, 2 D)``, loc first."""
    s = np.exp(log_scale)
    z = loc + s * eps
    slope = -z + np.tanh(x - z)

    def both(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.concatenate([a.mean(0), b.mean(0)], -1)

    model, path = both(slope, slope * s * eps), both(slope + eps / s, (slope + eps / s) * s * eps)
    score = -both(eps / s, eps**2 - 1)
    return {"model": model, "path": path, "score": score, "total": path + score}


DIM = 3
HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)
DETACHED = (
    "The sample has forgotten its parameters: something on the way to z was detached, drawn with "
    "sample(), or made under no_grad."
)


def draws_own_noise(probe: Probe, first: object, second: object) -> Finding | None:
    """What to say if two calls with the same noise give two answers; not if they do so from one seed, which is memory."""
    if (
        not (isinstance(first, np.ndarray) and isinstance(second, np.ndarray))
        or first.shape != second.shape
        or probe.stateful
    ):
        return None
    if np.allclose(first, second, rtol=1e-3, atol=1e-6, equal_nan=True):
        return None
    return Finding(
        False,
        "the same answer to the same noise",
        "two different answers",
        "own_noise",
        "You drew noise of your own: rsample() does, and so does randn. Use eps, in a formula.",
    )
