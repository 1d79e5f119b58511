r"""Gradients of an answer, pulled back with random unequal weights: one for each datum and replicate, never a plain sum.

An answer gives one number for each datum. The gradient of their *sum* does not see which number carries which gradient: a row
with its neighbour's gradient, or with the mean gradient of the batch, adds up to the same. So each row is given a weight of its
own, some of them negative, drawn from the seed of the request:

.. math:: g = \sum_b w_b \, \nabla_\theta \, r_b .

Parameters that belong to one datum are divided by its weight again, so that a right answer's gradient is what it was. Parameters
that the data share keep the weights, and a reference is pulled back by this same function, with the same seed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from typing import Any

import torch
from torch import Size, Tensor

__all__ = ["batch_of", "block_means", "pull_back", "row_weights", "seeded"]

_SEED: ContextVar[int] = ContextVar("seed of the weights", default=0)


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Inside, weights are drawn from this seed where none is named: that of the request that is being answered."""
    token = _SEED.set(seed)
    try:
        yield
    finally:
        _SEED.reset(token)


def row_weights(shape: Iterable[int], seed: int | None = None) -> Tensor:
    """Weights of size 0.5 to 1.5, three in ten of them negative: the same from the same seed, and from no global stream.

    >>> bool((row_weights([1000], 3).abs() >= 0.5).all()), 250 < int((row_weights([1000], 3) < 0).sum()) < 350
    (True, True)
    """
    generator = torch.Generator().manual_seed((_SEED.get() if seed is None else seed) ^ 0x5EED)
    size, sign = torch.rand(2, *shape, generator=generator, dtype=torch.float64)
    return (0.5 + size) * torch.where(sign < 0.3, -1.0, 1.0)


def batch_of(objects: dict[str, Any]) -> Size | None:
    """The shape of one number for each datum of a problem: what it says itself, or the axes of x but the last."""
    if "batch" in objects:
        return Size(objects["batch"])
    x = objects.get("x")
    return x.shape[:-1] if isinstance(x, Tensor) else None


def pull_back(
    value: Tensor,
    learned: Iterable[Tensor],
    batch: Size | None,
    seed: int | None = None,
    shared: bool = False,
    **options: Any,
) -> list[Tensor | None]:
    """The gradient of ``(w * value).sum()`` in each of ``learned``; rows that belong to one datum divided by its weight.

    Args:
        value: ``(*B)``, or ``(K, *B)``, whose samples then share the weight of their datum. A value of any other shape is summed:
            that its shape is wrong is for the check to say.
        batch: B.
        seed: of the weights; by default that of the request that is being answered.
        shared: no parameter belongs to one datum, whatever its shape.
        options: of ``torch.autograd.grad``.
    """
    learned = list(learned)
    if not value.requires_grad:
        return [None] * len(learned)
    fits = (
        batch is not None
        and value.dim() >= len(batch)
        and value.shape[value.dim() - len(batch) :] == batch
    )
    weights = (
        row_weights(batch or (), seed).to(value)
        if fits
        else torch.ones((), dtype=value.dtype, device=value.device)
    )
    found = torch.autograd.grad(
        value, learned, weights.expand(value.shape), allow_unused=True, **options
    )
    return (
        list(found)
        if shared or not fits
        else [None if g is None else _divided(g, weights) for g in found]
    )


def _divided(gradient: Tensor, weights: Tensor) -> Tensor:
    axes = weights.dim()
    if gradient.shape[:axes] != weights.shape:
        return gradient
    return gradient / weights.reshape(weights.shape + (1,) * (gradient.dim() - axes)).to(gradient)


def block_means(value: Tensor, learned: Iterable[Tensor], blocks: int) -> list[Tensor | None]:
    """Gradients of the means of ``blocks`` equal blocks of rows, ``(blocks, *shape)``: replicates of parameters that all rows share.

    Args:
        value: ``(R,)``, with R a multiple of ``blocks``.
    """
    learned = list(learned)
    if not value.requires_grad:
        return [None] * len(learned)
    means = value.reshape(blocks, -1).mean(-1)
    rows: tuple[Tensor | None, ...]
    try:  # all at once, unless some operation of the answer cannot be mapped over
        rows = torch.autograd.grad(
            means,
            learned,
            torch.eye(blocks).to(means),
            is_grads_batched=True,
            allow_unused=True,
            retain_graph=True,
        )
    except RuntimeError:
        each = [
            torch.autograd.grad(mean, learned, allow_unused=True, retain_graph=True)
            for mean in means
        ]
        columns = ([one for one in column if one is not None] for column in zip(*each, strict=True))
        rows = tuple(torch.stack(column) if column else None for column in columns)
    return list(rows)
