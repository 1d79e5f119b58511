"""What exercises of unit 17 share: the Kalman filter and smoother in NumPy, chi-square divergences, how numbers are judged."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = [
    "RTOL",
    "Beliefs",
    "Gaussian",
    "Series",
    "beliefs",
    "chi_square",
    "covariance",
    "draw_series",
    "log_sum_exp",
]

RTOL = 1e-7


class Gaussian(NamedTuple):
    """``loc (*B, d)`` and ``cov (d, d)``."""

    loc: np.ndarray
    cov: np.ndarray


class Series(NamedTuple):
    """A linear Gaussian model, A and Q ``(d, d)``, C ``(p, d)``, R ``(p, p)``, m ``(d,)``, P ``(d, d)``, and ``x (*B, T, p)`` from it."""

    transition: np.ndarray
    transition_cov: np.ndarray
    emission: np.ndarray
    emission_cov: np.ndarray
    initial_loc: np.ndarray
    initial_cov: np.ndarray
    x: np.ndarray


class Beliefs(NamedTuple):
    """Of every state: given the past, given past and present, given all; and Cov(z_t, z_{t+1}) given all."""

    predicted: list[Gaussian]
    filtered: list[Gaussian]
    smoothed: list[Gaussian]
    cross: list[np.ndarray]


def beliefs(series: Series) -> Beliefs:
    """Filter forwards, smooth backwards."""
    a, q, c, r, m, v, x = series
    steps = x.shape[-2]
    now = Gaussian(np.broadcast_to(m, (*x.shape[:-2], len(m))), v)
    predicted, filtered = [], []
    for t in range(steps):
        if t:
            now = Gaussian(now.loc @ a.T, a @ now.cov @ a.T + q)
        predicted.append(now)
        gain = np.linalg.solve(c @ now.cov @ c.T + r, c @ now.cov).T
        kept = np.eye(len(m)) - gain @ c
        now = Gaussian(
            now.loc + (x[..., t, :] - now.loc @ c.T) @ gain.T,
            kept @ now.cov @ kept.T + gain @ r @ gain.T,
        )
        filtered.append(now)
    smoothed = [filtered[-1]]
    cross: list[np.ndarray] = []
    for t in range(steps - 2, -1, -1):
        here, later, after = filtered[t], predicted[t + 1], smoothed[0]
        gain = np.linalg.solve(later.cov, a @ here.cov).T
        loc = here.loc + (after.loc - later.loc) @ gain.T
        kept = np.eye(len(m)) - gain @ a
        rest = kept @ here.cov @ kept.T + gain @ q @ gain.T
        smoothed.insert(0, Gaussian(loc, rest + gain @ after.cov @ gain.T))
        cross.insert(0, gain @ after.cov)
    return Beliefs(predicted, filtered, smoothed, cross)


def chi_square(target: Gaussian, proposal: Gaussian) -> np.ndarray:
    """The integral of target squared over proposal, less one; ``(*B)``. Infinite where it does not exist."""
    twice = 2 * proposal.cov - target.cov
    off = target.loc - proposal.loc
    if np.linalg.eigvalsh((twice + twice.T) / 2).min() <= 0:
        return np.full(off.shape[:-1], np.inf)
    with np.errstate(over="ignore"):
        dets = [float(np.linalg.slogdet(each)[1]) for each in (proposal.cov, target.cov, twice)]
        away = (off * np.linalg.solve(twice, off[..., None])[..., 0]).sum(-1)
        value: np.ndarray = np.expm1(dets[0] - dets[1] / 2 - dets[2] / 2 + away)
    return value


def covariance(rng: np.random.Generator, size: int, scale: float = 1.0) -> np.ndarray:
    """Positive definite, correlated, of unequal variances around ``scale`` squared."""
    root = rng.normal(size=(size, size + 2)) / (size + 2) ** 0.5
    spread = scale * np.exp(rng.uniform(-0.3, 0.3, size))
    found: np.ndarray = spread[:, None] * (root @ root.T + 0.15 * np.eye(size)) * spread
    return (found + found.T) / 2


def draw_series(
    rng: np.random.Generator,
    batch: tuple[int, ...],
    steps: int,
    sizes: tuple[int, int],
    noise: float = 1.0,
    start: float = 1.5,
) -> Series:
    """A model with d and p as given, and a batch of series that it drew; ``noise`` is the scale of a measurement's error."""
    d, p = sizes
    a = rng.normal(size=(d, d))
    a *= rng.uniform(0.6, 1.05) / np.abs(np.linalg.eigvals(a)).max()
    q, r, v = covariance(rng, d), covariance(rng, p, noise), covariance(rng, d, start)
    c, m = rng.normal(size=(p, d)) + 0.5, rng.normal(size=d) + rng.choice([-1, 1])
    z = m + rng.normal(size=(*batch, d)) @ np.linalg.cholesky(v).T
    seen = []
    for t in range(steps):
        if t:
            z = z @ a.T + rng.normal(size=z.shape) @ np.linalg.cholesky(q).T
        seen.append(z @ c.T + rng.normal(size=(*batch, p)) @ np.linalg.cholesky(r).T)
    return Series(a, q, c, r, m, v, np.stack(seen, -2))


def log_sum_exp(values: np.ndarray, axis: int) -> np.ndarray:
    top = values.max(axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        found: np.ndarray = (np.log(np.exp(values - top).sum(axis, keepdims=True)) + top).squeeze(
            axis
        )
    return found
