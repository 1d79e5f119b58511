"""What several exercises of unit 06 share: references, inputs and common mistakes."""

from __future__ import annotations

import numpy as np

from autograder.checks.compare import Finding
from autograder.units.shared import Arrays


def hermite(order: int) -> tuple[np.ndarray, np.ndarray]:
    """Points and weights of the expectation over a standard normal."""
    points, weights = np.polynomial.hermite_e.hermegauss(order)
    return points, weights / weights.sum()


def random_toy(
    rng: np.random.Generator, batch: tuple[int, ...] = (3,), samples: int = 4
) -> tuple[Arrays, np.ndarray]:
    """Parameters of a diagonal Gaussian, data, and noise, in two dimensions."""
    shape = (*batch, 2)
    params = {
        "loc": rng.normal(size=shape),
        "log_scale": rng.uniform(-1.2, 0.3, shape),
        "x": rng.normal(size=shape),
    }
    return params, rng.normal(size=(samples, *shape))


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


HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)
DETACHED = "The sample has forgotten its parameters: something on the way to z was detached, drawn with sample(), or made under no_grad."


def draws_own_noise(first: object, second: object) -> Finding | None:
    """What to say if two calls with the same noise give two answers."""
    if (
        not (isinstance(first, np.ndarray) and isinstance(second, np.ndarray))
        or first.shape != second.shape
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
