"""Rows of grouped data, taken apart, and covariances of random effects as scales and a unit triangle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from course_vi import validate

__all__ = ["Rows", "as_rows", "scales_and_mixing", "unit_triangles"]


class Grouped(Protocol):
    """What ``as_rows`` asks of a model: ``LinearMixedModel`` says what these are."""

    data_dim: int
    covariates: int
    levels: tuple[int, ...]
    sizes: tuple[int, ...]
    slopes: tuple[tuple[int, ...], ...]


class Rows(NamedTuple):
    """Data taken apart: ``covariates (N, p)``, ``response (N,)``, and for the random effects ``level (N, F)``, ``place`` and ``weights``
    ``(N, Q)``: where the effects of a row stand in z, and by what they are multiplied."""

    covariates: Tensor
    response: Tensor
    level: Tensor
    place: Tensor
    weights: Tensor


def as_rows(p: Grouped, x: Tensor) -> Rows:
    """The rows ``(N, p + F + 1)`` of a mixed model, taken apart.

    Raises:
        ValueError: no rows, or another shape; levels that are no whole numbers in their range.
    """
    validate.event_size("x", x, p.data_dim)
    if x.dim() != 2 or x.shape[0] == 0:
        raise ValueError(
            f"x has shape {tuple(x.shape)}; expected (N, {p.data_dim}) with at least one row"
        )
    covariates, groups = x[:, : p.covariates], x[:, p.covariates : -1]
    counts, level = torch.tensor(p.levels, device=x.device), groups.long()
    if not bool(((level == groups) & (level >= 0) & (level < counts)).all()):
        raise ValueError(
            f"x has levels that are no whole numbers below {', '.join(map(str, p.levels))}"
        )
    index: list[Tensor] = []
    weights: list[Tensor] = []
    start = 0
    for f, (count, size, columns) in enumerate(zip(p.levels, p.sizes, p.slopes, strict=True)):
        index.append(start + level[:, f, None] * size + torch.arange(size, device=x.device))
        weights += [torch.ones_like(x[:, :1]), covariates[:, list(columns)]]
        start += count * size
    return Rows(covariates, x[:, -1], level, torch.cat(index, -1), torch.cat(weights, -1))


def scales_and_mixing(
    scale: float | Sequence[float] | Tensor, size: int, like: Tensor
) -> tuple[Tensor, Tensor]:
    """Log scales ``(q,)`` and the lower triangle of the unit root, from standard deviations or a covariance."""
    value = torch.as_tensor(scale, dtype=like.dtype, device=like.device)
    if value.dim() < 2:
        value = value.expand(size) if value.dim() == 0 else value
        if value.shape != (size,) or not bool((value > 0).all()):
            raise ValueError(
                f"random_scales has {scale}; expected {size} positive numbers, or a covariance ({size}, {size})"
            )
        return value.log(), value.new_zeros(size * (size - 1) // 2)
    root, failed = torch.linalg.cholesky_ex(value)
    if value.shape != (size, size) or bool(failed):
        raise ValueError(
            f"random_scales has a matrix {tuple(value.shape)}; expected a covariance ({size}, {size})"
        )
    scales = root.diagonal()
    rows, columns = torch.tril_indices(size, size, -1, device=like.device)
    return scales.log(), (root / scales.unsqueeze(-1))[rows, columns]


def unit_triangles(sizes: tuple[int, ...], scales: Tensor, mixing: Tensor | None) -> list[Tensor]:
    """The inverse of ``scales_and_mixing``, for all factors together: Cholesky factors, ``(q, q)`` each."""
    roots, start = [], 0
    for q, own in zip(sizes, scales.split(sizes), strict=True):
        unit, below = torch.eye(q, dtype=own.dtype, device=own.device), q * (q - 1) // 2
        if below and mixing is not None:
            rows, columns = torch.tril_indices(q, q, -1, device=own.device)
            unit = unit.index_put((rows, columns), mixing[start : start + below])
            start += below
        roots.append(own.unsqueeze(-1) * unit)
    return roots
