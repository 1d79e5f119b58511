"""What several exercises of unit 15 share: the linear beta-VAE at rest, random rotations, covariances with given eigenvalues."""

from __future__ import annotations

import numpy as np

__all__ = ["covariance", "learned_noise", "rotation", "with_moments"]


def learned_noise(eigenvalues: np.ndarray, latents: int, beta: float) -> float:
    """The noise variance at rest: the root of sum over kept of min(lambda, beta s) + the rest = Dx s.

    With j axes above the water the equation is linear in s; one j agrees with itself, as the left side is concave.
    """
    values = np.sort(np.asarray(eigenvalues, dtype=float))[::-1]
    for active in range(latents + 1):
        room = len(values) - active * beta
        noise = float(values[active:].sum() / room) if room > 0 else 0.0
        if noise == 0:
            break
        above = active == 0 or values[active - 1] > beta * noise
        if above and (active == latents or values[active] <= beta * noise):
            return noise
    raise ValueError(f"no noise variance is at rest with {latents} latents at beta = {beta:.3g}")


def rotation(rng: np.random.Generator, dim: int) -> np.ndarray:
    """An orthogonal matrix with the determinant one."""
    turn, upper = np.linalg.qr(rng.normal(size=(dim, dim)))
    turn = turn * np.sign(np.diagonal(upper))
    turn[:, 0] *= np.sign(np.linalg.det(turn))
    return np.asarray(turn)


def covariance(rng: np.random.Generator, eigenvalues: np.ndarray) -> np.ndarray:
    """A covariance with these eigenvalues, along axes of its own."""
    turn = rotation(rng, len(eigenvalues))
    found = (turn * eigenvalues) @ turn.T
    return np.asarray((found + found.T) / 2)


def with_moments(rng: np.random.Generator, rows: int, matrix: np.ndarray) -> np.ndarray:
    """Rows with mean zero and exactly this covariance (dividing by their number)."""
    raw = rng.normal(size=(rows, len(matrix)))
    white = np.linalg.svd(raw - raw.mean(0), full_matrices=False)[0] * rows**0.5
    return np.asarray(white @ np.linalg.cholesky(matrix).T)
