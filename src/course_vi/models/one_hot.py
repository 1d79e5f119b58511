r"""Discrete latents as one-hot vectors, for models that read whole numbers: so that every categorical family fits every such model.

At one-hot vectors the joint is the model's own. Between them it is continued by the one function that is linear in each variable,

.. math:: \log p(x, \tilde z) = \sum_{z} \Big(\prod_n \tilde z_{n, z_n}\Big) \log p(x, z), \qquad \textstyle\sum_c \tilde z_{nc} = 1,

which is the mean of log p(x, z) under independent draws with probabilities :math:`\tilde z_n`. A joint that is a sum of factors of a few
latents each (a chain, a graph) is continued factor by factor, which is the same function in less time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from course_vi import exact

__all__ = ["IMPOSSIBLE", "indices_of", "is_hard", "relaxed_log_joint"]

IMPOSSIBLE = -1e30  # in place of log 0 under a weight that may be zero
MOST_STATES = 4096


@runtime_checkable
class Chain(Protocol):
    """A hidden Markov model: what its joint is made of, in tables."""

    initial_logits: Tensor
    transition_logits: Tensor

    def emission_log_prob(self, x: Tensor) -> Tensor:
        """log p(x_t | z_t = s), ``(*B, T, S)``."""


@runtime_checkable
class Relaxable(Protocol):
    """A model that continues its own joint between the states."""

    def relaxed_log_joint(self, x: Tensor, z: Tensor) -> Tensor:
        """``(K, *B)`` for soft one-hot latents."""


def is_hard(z: Tensor) -> bool:
    """Whether z is nothing but zeros and ones, without a graph: then its whole numbers say all of it."""
    return not z.requires_grad and bool(((z == 0) | (z == 1)).all())


def indices_of(z: Tensor, categories: Sequence[int]) -> Tensor:
    """One-hot vectors side by side, ``(*B, sum of the categories)``, as whole numbers ``(*B, N)``. A category count of 1 is a real latent.

    >>> indices_of(torch.tensor([0.0, 1.0, 0.0, 0.7, 1.0, 0.0]), [3, 1, 2])
    tensor([1.0000, 0.7000, 0.0000])
    """
    if len(set(categories)) == 1:  # all alike: at once
        return z.unflatten(-1, (-1, categories[0])).argmax(-1).to(z.dtype)
    parts = z.split(list(categories), -1)
    return torch.cat(
        [
            part if part.shape[-1] == 1 else part.argmax(-1, keepdim=True).to(z.dtype)
            for part in parts
        ],
        -1,
    )


def relaxed_log_joint(p: Any, x: Tensor, z: Tensor, categories: Sequence[int]) -> Tensor:
    """log p(x, z) for soft one-hot vectors z, ``(K, *B, sum of the categories)``: ``(K, *B)``, linear in each variable.

    Raises:
        NotImplementedError: the joint has no structure that is known here, and too many states to add up.
    """
    if isinstance(p, Relaxable):
        return p.relaxed_log_joint(x, z)
    if isinstance(p, Chain):
        return _chain(p, x, z.unflatten(-1, (len(categories), -1)))
    states = math.prod(categories)
    if states > MOST_STATES or 1 in categories:
        raise NotImplementedError(
            f"{type(p).__name__} has {states} states, too many to continue log p(x, z) between them; expected hard samples (the "
            "score function, with a baseline), or a model with a method relaxed_log_joint(x, z)"
        )
    every = exact.enumerate_categories(tuple(categories), like=z.detach())  # (S, N)
    batch = torch.broadcast_shapes(x.shape[:-1], z.shape[1:-1]) if p.local else z.shape[1:-1]
    indices = every.reshape(states, *(1,) * len(batch), len(categories)).expand(-1, *batch, -1)
    log_p = p.log_joint(x, indices).clamp_min(IMPOSSIBLE).movedim(0, -1)  # (*B, S)
    weights = torch.ones_like(z[..., :1])
    for part in z.split(list(categories), -1):
        weights = (weights.unsqueeze(-1) * part.unsqueeze(-2)).flatten(-2)
    return (weights * log_p).sum(-1)


def _chain(p: Chain, x: Tensor, z: Tensor) -> Tensor:
    """z ``(K, *B, T, S)``."""
    initial, transition = (
        logits.log_softmax(-1).clamp_min(IMPOSSIBLE)
        for logits in (p.initial_logits, p.transition_logits)
    )
    seen = p.emission_log_prob(x).clamp_min(IMPOSSIBLE)
    pairs = ((z[..., :-1, :] @ transition) * z[..., 1:, :]).sum((-2, -1))
    return (z[..., 0, :] * initial).sum(-1) + pairs + (z * seen).sum((-2, -1))
