"""What several exercises of unit 08 share: Gaussians with given precisions, and families of blocks, worked out in NumPy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

__all__ = ["Blocks", "block_gap", "blocked", "log_det", "partitions", "random_precision"]

Blocks = list[list[int]]


def random_precision(
    rng: np.random.Generator, dim: int, extra: int = 2, widest: float = 2.0
) -> np.ndarray:
    """A dense precision on scales from exp(-widest) to exp(widest); the fewer ``extra``, the stronger the couplings."""
    root = rng.normal(size=(dim, dim + extra))
    found = root @ root.T
    found /= np.sqrt(np.outer(np.diag(found), np.diag(found)))
    scales = np.exp(rng.permutation(np.linspace(-widest, widest, dim)))
    return np.asarray(found * np.outer(scales, scales))


def log_det(matrix: np.ndarray) -> float:
    return float(np.linalg.slogdet(matrix)[1])


def blocked(matrix: np.ndarray, blocks: Sequence[Sequence[int]]) -> np.ndarray:
    """The matrix with zeros where two indices lie in two blocks."""
    found = np.zeros_like(matrix)
    for block in blocks:
        found[np.ix_(block, block)] = matrix[np.ix_(block, block)]
    return found


def block_gap(precision: np.ndarray, blocks: Sequence[Sequence[int]]) -> float:
    """KL from the best Gaussian with these independent blocks to the one with this precision."""
    return 0.5 * (log_det(blocked(precision, blocks)) - log_det(precision))


def partitions(size: int) -> Iterator[Blocks]:
    """All ways to part 0 .. size - 1 into blocks."""
    if size == 0:
        yield []
        return
    for rest in partitions(size - 1):
        for k in range(len(rest)):
            yield [*rest[:k], [*rest[k], size - 1], *rest[k + 1 :]]
        yield [*rest, [size - 1]]
