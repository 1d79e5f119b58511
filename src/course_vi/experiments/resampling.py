"""Four ways to resample, by where they cut the cumulated weights."""

from __future__ import annotations

import torch
from torch import Tensor

from course_vi import validate

__all__ = ["SCHEMES", "children", "cuts"]

SCHEMES = ("multinomial", "residual", "stratified", "systematic")


def cuts(count: int, rows: int, scheme: str, generator: torch.Generator | None = None) -> Tensor:
    """Places in [0, 1) at which parents are looked up, ``(rows, count)``: anywhere, one in each n-th, or a comb.

    >>> cuts(4, 1, "systematic", torch.Generator().manual_seed(0)).diff()
    tensor([[0.2500, 0.2500, 0.2500]], dtype=torch.float64)
    """
    validate.one_of("scheme", scheme, ("multinomial", "stratified", "systematic"))
    width = 1 if scheme == "systematic" else count
    at = torch.rand(rows, width, generator=generator, dtype=torch.float64)
    return (
        at if scheme == "multinomial" else (torch.arange(count, dtype=torch.float64) + at) / count
    )


def children(
    weights: Tensor, rows: int, scheme: str, generator: torch.Generator | None = None
) -> Tensor:
    """How many children each of N particles has, ``(rows, N)``: as many replicates, of weights ``(N,)`` that sum to one.

    ``"residual"`` gives the whole part of N W at once and draws the rest independently.

    >>> even = torch.full((4,), 0.25, dtype=torch.float64)
    >>> children(even, 2, "residual").tolist()
    [[1, 1, 1, 1], [1, 1, 1, 1]]
    """
    validate.one_of("scheme", scheme, SCHEMES)
    count = len(weights)
    if scheme == "residual":
        whole = (count * weights).floor()
        left = round(count - float(whole.sum()))
        if left == 0:
            return whole.long().expand(rows, -1)
        rest = ((count * weights - whole) / left).expand(rows, -1)
        drawn = torch.multinomial(rest, left, replacement=True, generator=generator)
        return whole.long() + _counted(drawn, count)
    edges = weights.cumsum(0)
    at = cuts(count, rows, scheme, generator)
    return _counted(
        torch.searchsorted(edges / edges[-1], at, right=True).clamp_max(count - 1), count
    )


def _counted(parents: Tensor, count: int) -> Tensor:
    found = torch.zeros(len(parents), count, dtype=torch.long)
    return found.scatter_add_(1, parents, torch.ones_like(parents))
