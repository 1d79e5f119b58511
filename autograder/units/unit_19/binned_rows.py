"""Net bits of rows whose latents are told by bins of equal mass, and their mean over bins drawn from q."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import log_expit, ndtri

from autograder.units.shared import LN2
from autograder.units.unit_19.binned_rate import masses

__all__ = [
    "MEAN",
    "NET",
    "Batch",
    "edges_of",
    "every",
    "log_likelihood",
    "log_q",
    "mean_over",
    "points",
    "ratio",
    "right",
]

NET, MEAN = 0, 1


class Batch(NamedTuple):
    """Rows of bits, the bins that were popped for them, q, a decoder, and the number of bins of a latent.

    Attributes:
        x: ``(B, Dx)``.
        popped: ``(B, D)``, whole numbers below ``bins``.
        loc, scale: of q, ``(B, D)``.
        weight, bias: of the logits of x, ``(Dx, D)`` and ``(Dx)``.
    """

    x: np.ndarray
    popped: np.ndarray
    loc: np.ndarray
    scale: np.ndarray
    weight: np.ndarray
    bias: np.ndarray
    bins: int


def edges_of(bins: int) -> np.ndarray:
    value: np.ndarray = ndtri(np.arange(bins + 1) / bins)
    return value


def log_likelihood(batch: Batch, z: np.ndarray) -> np.ndarray:
    """log p(x | z), of each row: ``z (*, B, D)``."""
    logits = z @ batch.weight.T + batch.bias
    value: np.ndarray = log_expit(np.where(batch.x > 0.5, logits, -logits)).sum(-1)
    return value


def log_q(batch: Batch, index: np.ndarray) -> np.ndarray:
    """The logarithm of q's mass, of each latent: ``index (*, B, D)``."""
    edges = edges_of(batch.bins)
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = (edges[:-1][index], edges[1:][index])
        return masses(0.0, 1.0, (low - batch.loc) / batch.scale, (high - batch.loc) / batch.scale)


def points(batch: Batch, index: np.ndarray) -> np.ndarray:
    value: np.ndarray = ndtri((index + 0.5) / batch.bins)
    return value


def ratio(batch: Batch, index: np.ndarray) -> np.ndarray:
    """Net bits of each row, for bins ``(*, B, D)``."""
    prior = -index.shape[-1] * np.log(batch.bins)
    value: np.ndarray = (
        log_q(batch, index).sum(-1) - prior - log_likelihood(batch, points(batch, index))
    ) / LN2
    return value


def every(batch: Batch) -> np.ndarray:
    """All vectors of bins, for each row: ``(n^D, B, D)``."""
    rows, latents = batch.loc.shape
    grid = np.array(list(itertools.product(range(batch.bins), repeat=latents)))
    return np.broadcast_to(grid[:, None, :], (len(grid), rows, latents))


def mean_over(batch: Batch, of: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """The mean of some bits over bins drawn from q."""
    index = every(batch)
    chance = np.exp(log_q(batch, index).sum(-1))
    with np.errstate(invalid="ignore"):
        value: np.ndarray = np.where(
            chance > 0, chance * np.where(chance > 0, of(index), 0.0), 0.0
        ).sum(0)
    return value


def right(batch: Batch) -> np.ndarray:
    """(net bits, mean), ``(2, B)``."""
    return np.stack(
        [ratio(batch, batch.popped), mean_over(batch, lambda index: ratio(batch, index))]
    )
