r"""The precision of random effects, in blocks: levels of one factor are never in the same row, so they are not coupled.

.. math:: \Lambda = \begin{pmatrix} A & B \\ B^\top & R \end{pmatrix}, \qquad S = R - B^\top A^{-1} B

A belongs to the factor with most effects: one small block for each of its levels. What is left after it is eliminated, S, is dense, and
no larger than all other factors together. No matrix with a row for each datum is made.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Blocks", "Layout", "Solver", "add_prior", "gram", "layout", "transposed_times"]


class Layout(NamedTuple):
    """Where the effects of each factor stand in z: ``levels``, ``sizes`` (effects for each level) and which factor is eliminated."""

    levels: tuple[int, ...]
    sizes: tuple[int, ...]
    largest: int

    def split(self, value: Tensor) -> tuple[Tensor, Tensor]:
        """``(D, m)`` as ``(J, q, m)`` of the largest factor and ``(R, m)`` of the others."""
        counts = [level * size for level, size in zip(self.levels, self.sizes, strict=True)]
        parts = list(value.split(counts))
        own = parts.pop(self.largest).unflatten(0, (self.levels[self.largest], -1))
        return own, torch.cat([value[:0], *parts])

    def join(self, own: Tensor, rest: Tensor) -> Tensor:
        """The inverse of ``split``."""
        counts = [level * size for level, size in zip(self.levels, self.sizes, strict=True)]
        del counts[self.largest]
        parts = list(rest.split(counts)) if counts else []
        return torch.cat([*parts[: self.largest], own.flatten(0, 1), *parts[self.largest :]])


def layout(levels: tuple[int, ...], sizes: tuple[int, ...]) -> Layout:
    """The factor with most effects is the one to eliminate."""
    counts = [level * size for level, size in zip(levels, sizes, strict=True)]
    return Layout(levels, sizes, counts.index(max(counts)))


class Blocks(NamedTuple):
    """A symmetric matrix of effects by effects: ``own (J, q, q)``, ``coupling (J, q, R)``, ``rest (R, R)``."""

    own: Tensor
    coupling: Tensor
    rest: Tensor


def transposed_times(index: Tensor, weights: Tensor, value: Tensor, size: int) -> Tensor:
    """Z'v, ``(size, m)``, for a Z with entries ``weights (N, Q)`` in the columns ``index (N, Q)``, and v ``(N, m)``."""
    pushed = (weights.unsqueeze(-1) * value.unsqueeze(-2)).flatten(0, 1)
    return value.new_zeros(size, value.shape[-1]).index_add(0, index.flatten(), pushed)


def gram(where: Layout, level: Tensor, weights: Tensor) -> Blocks:
    """Z'Z.

    Args:
        level: the level of each factor in each row, ``(N, F)``.
        weights: what stands in the row for each effect, ``(N, Q)``, factor after factor.
    """
    f, sizes = where.largest, where.sizes
    parts, starts, start = list(weights.split(sizes, -1)), [], 0
    for factor, (count, size) in enumerate(zip(where.levels, sizes, strict=True)):
        if factor != f:
            starts.append(
                start + level[:, factor, None] * size + torch.arange(size, device=level.device)
            )
            start += count * size
    mine, own = parts.pop(f), level[:, f]
    j, q, r = where.levels[f], sizes[f], start
    place = own[:, None] * q + torch.arange(q, device=level.device)
    other = torch.cat([place[:, :0], *starts], -1)
    theirs = torch.cat([mine[:, :0], *parts], -1)

    def added(
        rows: Tensor, columns: Tensor, left: Tensor, right: Tensor, shape: tuple[int, int]
    ) -> Tensor:
        spots = (rows.unsqueeze(-1) * shape[1] + columns.unsqueeze(-2)).flatten()
        values = (left.unsqueeze(-1) * right.unsqueeze(-2)).flatten()
        return weights.new_zeros(shape[0] * shape[1]).index_add(0, spots, values).view(shape)

    inner = torch.arange(q, device=level.device).expand_as(place)
    return Blocks(
        added(place, inner, mine, mine, (j * q, q)).view(j, q, q),
        added(place, other, mine, theirs, (j * q, r)).view(j, q, r),
        added(other, other, theirs, theirs, (r, r)),
    )


def add_prior(where: Layout, roots: list[Tensor], counts: Blocks, precision: Tensor) -> Blocks:
    r""":math:`\Sigma^{-1} + \lambda Z^\top Z`, for the Cholesky factors of each factor's covariance and ``counts`` Z'Z."""
    inverses = [torch.cholesky_inverse(root) for root in roots]
    own = inverses.pop(where.largest)
    levels = where.levels[: where.largest] + where.levels[where.largest + 1 :]
    rest = [inverse for j, inverse in zip(levels, inverses, strict=True) for _ in range(j)]
    dense = torch.block_diag(*rest) if rest else counts.rest
    scaled = [precision * part for part in counts]
    return Blocks(own + scaled[0], scaled[1], dense + scaled[2])


class Solver:
    """A factorization of a positive definite ``Blocks``: A = L L', and the Cholesky factor of S."""

    def __init__(self, where: Layout, precision: Blocks) -> None:
        self.where = where
        self.root = torch.linalg.cholesky(precision.own)
        self.half = torch.linalg.solve_triangular(self.root, precision.coupling, upper=False)
        flat = self.half.flatten(0, 1)
        self.rest_root = torch.linalg.cholesky(precision.rest - flat.mT @ flat)

    def log_det(self) -> Tensor:
        """The logarithm of the determinant."""
        roots = (self.root, self.rest_root)
        return 2 * sum(root.diagonal(dim1=-2, dim2=-1).log().sum() for root in roots)

    def solve(self, value: Tensor) -> Tensor:
        """The inverse times ``(D, m)``."""
        own, rest = self.where.split(value)
        half = torch.linalg.solve_triangular(self.root, own, upper=False)
        left = rest - self.half.flatten(0, 1).mT @ half.flatten(0, 1)
        rest = torch.cholesky_solve(left, self.rest_root)
        own = torch.linalg.solve_triangular(self.root.mT, half - self.half @ rest, upper=True)
        return self.where.join(own, rest)

    def variances(self) -> Tensor:
        """The diagonal of the inverse, ``(D,)``."""
        across = torch.linalg.solve_triangular(self.root.mT, self.half, upper=True)
        spread = (
            torch.linalg.solve_triangular(self.rest_root, across.flatten(0, 1).mT, upper=False)
            .square()
            .sum(0)
        )
        own = torch.cholesky_inverse(self.root).diagonal(dim1=-2, dim2=-1) + spread.view(
            self.root.shape[:-1]
        )
        rest = torch.cholesky_inverse(self.rest_root).diagonal()
        return self.where.join(own.unsqueeze(-1), rest.unsqueeze(-1)).squeeze(-1)
