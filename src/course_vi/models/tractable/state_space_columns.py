"""From series to the columns that a Kalman filter takes, missing data and flat starts included, and back."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Size, Tensor

from course_vi.distributions import HALF_LOG_TWO_PI, broadcast
from course_vi.models.tractable.kalman import Steps, System
from course_vi.models.tractable.linear_gaussian_recipe import LinearGaussianRecipe

__all__ = ["Columns", "as_columns"]


class Columns(NamedTuple):
    """How series stand in columns.

    Attributes:
        batch: the shape ``*B`` of the series.
        shared: do all series share one set of matrices, ``(T, d, d)``, or has each its own, ``(T, N, d, d)``?
        series: how many columns are series, all N or one; what follows are the flat entries of the start, each a series of zeros that
            begins at one.
        seen: how many entries of each datum were seen, ``(T,)`` or ``(T, N)``.
    """

    batch: Size
    shared: bool
    series: int
    seen: Tensor

    def vectors(self, value: Tensor) -> Tensor:
        """``(T, d, N)`` or ``(T, N, d, 1)`` as ``(*B, T, d)``."""
        value = value[..., : self.series]
        rows = value.permute(2, 0, 1) if self.shared else value.squeeze(-1).movedim(0, 1)
        return rows.reshape(*self.batch, *rows.shape[1:])

    def matrices(self, value: Tensor) -> Tensor:
        """``(T, d, d)`` as it is, or ``(T, N, d, d)`` as ``(*B, T, d, d)``."""
        return (
            value
            if self.shared
            else value.movedim(0, 1).reshape(*self.batch, len(value), *value.shape[2:])
        )

    def numbers(self, value: Tensor) -> Tensor:
        """``(N,)`` or ``(N, 1)`` as ``(*B)``."""
        return value.reshape(self.batch)

    def log_terms(self, found: Steps) -> Tensor:
        """log p(x_t | x_1..x_{t-1}), ``(*B, T)``, for a start of zero in its flat entries."""
        squares = found.surprise[..., : self.series].square().sum(-2)
        scale = (
            found.root.diagonal(dim1=-2, dim2=-1).log().sum(-1)
            + self.seen.to(squares) * HALF_LOG_TWO_PI
        )
        terms = -0.5 * squares - scale.unsqueeze(-1)  # (T, N) or (T, N, 1)
        return terms.flatten(1).mT.reshape(*self.batch, len(terms))


def as_columns(
    p: LinearGaussianRecipe, x: Tensor, seen: Tensor | None
) -> tuple[System, Tensor, Columns]:
    """The matrices of every step, the data, and what stands where.

    Args:
        x: ``(*B, T * p)``.
        seen: ``(T * p,)``, ``(*B, T * p)`` or None. One pattern of missing data for all keeps the matrices shared.
    """
    steps, size = p.steps, p.d
    shared = seen is None or seen.dim() == 1
    batch = x.shape[:-1] if seen is None else broadcast(x.shape[:-1], seen.shape[:-1])
    push, shift = p.input_effects()
    series = x.expand(*batch, -1).reshape(batch.numel(), steps, p.p) - shift
    data = series.permute(1, 2, 0) if shared else series.movedim(0, 1).unsqueeze(-1)
    q, start, r = (root @ root.mT for root in (p.transition_root, p.initial_root, p.emission_root))
    own = [
        torch.cat([torch.zeros_like(start)[None], p.transition.expand(steps - 1, size, size)]),
        torch.cat([p.initial_loc[None], push.expand(steps - 1, size)]).unsqueeze(-1),
        torch.cat([start[None], q.expand(steps - 1, size, size)]),
        p.emission.expand(steps, p.p, size),
        r.expand(steps, p.p, p.p),
    ]
    a, b, noise, c, r = own if shared else [part.unsqueeze(1) for part in own]
    count = torch.full((steps,), p.p, device=x.device)
    if seen is not None:
        mask = seen.bool().unflatten(-1, (steps, p.p))
        if not shared:
            mask = mask.expand(*batch, steps, p.p).reshape(-1, steps, p.p).movedim(0, 1)
        data = torch.where(mask.unsqueeze(-1), data, torch.zeros_like(data))
        one = mask.to(data.dtype).unsqueeze(-1)
        c, r = one * c, one * r * one.mT + torch.diag_embed(1 - one.squeeze(-1))
        count = mask.sum(-1)
    elif not shared:
        count = count.unsqueeze(-1)
    number = data.shape[-1]
    if p.diffuse is not None:
        known = (~p.diffuse).to(data.dtype)
        flat = torch.eye(size, dtype=data.dtype, device=data.device)[:, p.diffuse]
        first = known.unsqueeze(-1) * noise[:1] * known
        noise = torch.cat([first, noise[1:]])
        b = torch.cat([known.unsqueeze(-1) * b[:1], b[1:]]).expand(*b.shape[:-1], number)
        units = torch.cat(
            [
                flat.expand(*b.shape[1:-1], -1)[None],
                b.new_zeros(steps - 1, *b.shape[1:-1], flat.shape[-1]),
            ]
        )
        b = torch.cat([b, units], -1)
        data = torch.cat([data, data.new_zeros(*data.shape[:-1], flat.shape[-1])], -1)
    return System(a, b, noise, c, r), data, Columns(batch, shared, number, count)
