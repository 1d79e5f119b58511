"""The Gaussian with factor covariance, worked out in NumPy: inputs and references."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.units.shared import LOG_2PI, Arrays, several

DIM, RANK, ROWS = 4, 2, 5
PARAMETERS = ("mu", "B", "sigma")
UPPER = np.triu_indices(DIM)
MOMENTS = [f"E[z - mu][{i}]" for i in range(DIM)] + [
    f"E[(z - mu)(z - mu)'][{i}, {j}]" for i, j in zip(*UPPER, strict=True)
]


def random_family(rng: np.random.Generator, dim: int = DIM, rank: int = RANK) -> Arrays:
    """Parameters of a q with narrow and wide coordinates."""
    return {
        "mu": rng.normal(size=dim),
        "B": rng.normal(size=(dim, rank)),
        "sigma": rng.permutation(np.exp(np.linspace(np.log(0.2), np.log(1.6), dim)))
        * rng.uniform(0.85, 1.15, dim),
    }


def at_fixed_noise(rng: np.random.Generator) -> dict[str, Any]:
    """Parameters, noise and the coefficients of a quartic target."""
    root = rng.normal(size=(DIM, DIM))
    return {
        **random_family(rng),
        "s1": rng.normal(size=(ROWS, RANK)),
        "s2": rng.normal(size=(ROWS, DIM)),
        "precision": root @ root.T / DIM + np.eye(DIM),
        "linear": rng.normal(size=DIM),
        "quartic_weight": float(rng.uniform(0.1, 0.3)),
    }


def at_the_target(rng: np.random.Generator) -> dict[str, Any]:
    """The same, with a target that q is."""
    inputs = at_fixed_noise(rng)
    precision = np.linalg.inv(covariance(inputs["B"], inputs["sigma"]))
    return {
        **inputs,
        "precision": precision,
        "linear": precision @ inputs["mu"],
        "quartic_weight": 0.0,
    }


def covariance(B: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    return B @ B.T + np.diag(sigma**2)


def terms(
    mu: np.ndarray,
    B: np.ndarray,
    sigma: np.ndarray,
    s1: np.ndarray,
    s2: np.ndarray,
    precision: np.ndarray,
    linear: np.ndarray,
    quartic_weight: float,
    diagonal: np.ndarray | None = None,
) -> Arrays:
    """Samples, log weights and slopes at fixed noise; ``diagonal`` stands in for sigma² where a mistake is made."""
    z = mu + s1 @ B.T + sigma * s2
    spread = B @ B.T + np.diag(sigma**2 if diagonal is None else diagonal)
    inverse = np.linalg.inv(spread)
    centred = z - mu
    log_q = (
        -0.5 * ((centred @ inverse) * centred).sum(-1)
        - 0.5 * np.linalg.slogdet(spread)[1]
        - 0.5 * len(mu) * LOG_2PI
    )
    log_p = -0.5 * ((z @ precision) * z).sum(-1) + z @ linear - quartic_weight * (z**4).sum(-1)
    return {
        "z": z,
        "log_w": log_p - log_q,
        "log_p": log_p,
        "model": -z @ precision + linear - 4 * quartic_weight * z**3,
        "density": -centred @ inverse,
        "uncentred": -z @ inverse,
        "inverse": inverse,
    }


def pull(slope: np.ndarray, s1: np.ndarray, s2: np.ndarray) -> np.ndarray:
    """The gradient for mu, B, sigma of a path whose slopes in z are given, side by side, averaged over the rows."""
    return np.concatenate(
        [slope.mean(0), (slope[:, :, None] * s1[:, None, :]).mean(0).ravel(), (slope * s2).mean(0)]
    )


def joined(gradient: Any) -> Any:
    """The three arrays of a gradient side by side; what cannot be joined is returned as it came."""
    if not (several(gradient, 3) and all(isinstance(item, np.ndarray) for item in gradient)):
        return gradient
    return np.concatenate([item.ravel() for item in gradient])


def score_term(inputs: dict[str, Any], known: Arrays) -> np.ndarray:
    """-grad of log q in (mu, B, sigma) at fixed z, averaged over the rows."""
    B, sigma, inverse = inputs["B"], inputs["sigma"], known["inverse"]
    a = -known["density"]  # precision times (z - mu)
    slope = 0.5 * (a[:, :, None] * a[:, None, :]).mean(0) - 0.5 * inverse  # d log q / d covariance
    return -np.concatenate([a.mean(0), (2 * slope @ B).ravel(), 2 * np.diag(slope) * sigma])


def moments(z: np.ndarray, mu: np.ndarray) -> np.ndarray:
    """Of every draw, what has mean zero and covariance as ``exact_moments`` says: ``(n, DIM + DIM (DIM + 1) / 2)``."""
    centred = z - mu
    products = centred[:, :, None] * centred[:, None, :]
    return np.concatenate([centred, products[:, UPPER[0], UPPER[1]]], -1)


def exact_moments(spread: np.ndarray, shift: np.ndarray | None = None) -> np.ndarray:
    """The means of ``moments``, if z - mu has this covariance, and ``shift`` for its mean."""
    mean = np.zeros(DIM) if shift is None else shift
    return np.concatenate([mean, (spread + np.outer(mean, mean))[UPPER]])
