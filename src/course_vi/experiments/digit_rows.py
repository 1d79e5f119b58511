"""Digits as sequences: row by row under a deep Markov model, with two ways to infer its noise, and stroke by stroke under DRAW."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor
from torch.optim.lr_scheduler import CosineAnnealingLR

from course_vi import validate
from course_vi.distributions import DiagonalNormal
from course_vi.families import Family, draw_posterior, markov_posterior
from course_vi.families.ancestral import Ancestral, Conditionals
from course_vi.learning import fit
from course_vi.learning.history import smoke_cap
from course_vi.models import DRAW, DeepMarkovModel, Model
from course_vi.nets import GatedCell, mlp

__all__ = ["STROKES", "WAYS", "Pair", "StartNets", "drawing", "rows_of_digits", "train_pair"]

ROWS, STATE, HIDDEN = 8, 4, 32
WAYS = ("every move", "the start alone")
STROKES = (1, 4)  # of sixteen latents altogether


class Pair(NamedTuple):
    """A model and the family that infers its latents."""

    p: Model
    q: Family


class StartNets(Conditionals):
    r"""q(z_1 | x), and after that the model's own moves: data reach the first state, and no other.

    .. math:: q(z \mid x) = q_\phi(z_1 \mid x_{1..T}) \prod_{t > 1} p_\theta(z_t \mid z_{t-1})

    Args:
        model: whose moves are taken; their parameters are shared.
        hidden: units, and the size of the memory.
        generator: draws the initial weights.
    """

    def __init__(
        self, model: DeepMarkovModel, hidden: int, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        self.model, self.sizes = model, (model.state_dim,) * model.steps
        self.cell = GatedCell(model.point_dim, hidden, generator)
        self.answer = mlp(hidden, hidden, 2 * model.state_dim, generator)

    def begin(self, x: Tensor) -> Tensor:
        """One pass over the series, from its end to its start."""
        memory = x.new_zeros(self.cell.hidden)
        series = x.unflatten(-1, (self.model.steps, self.model.point_dim))
        for datum in reversed(series.unbind(-2)):
            memory = self.cell(datum, memory)
        return memory

    def step(
        self, level: int, memory: Tensor, previous: Tensor | None
    ) -> tuple[DiagonalNormal, Tensor]:
        if previous is not None:
            return self.model.move(previous), memory
        return DiagonalNormal(*self.answer(memory).chunk(2, -1)), memory


def rows_of_digits(way: str, seed: int) -> Pair:
    """A deep Markov model of eight rows of eight pixels, and a family: ``"every move"`` inferred, or ``"the start alone"``.

    >>> p, q = rows_of_digits("the start alone", seed=0)
    >>> q.sample(3, torch.zeros(5, 64)).shape
    torch.Size([3, 5, 32])
    """
    validate.one_of("way", way, WAYS)
    source = torch.Generator().manual_seed(seed)
    p = DeepMarkovModel(ROWS, ROWS, STATE, HIDDEN, source, likelihood="bernoulli")
    q = (
        markov_posterior(ROWS, ROWS, STATE, HIDDEN, source)
        if way == WAYS[0]
        else Ancestral(StartNets(p, HIDDEN, source))
    )
    return Pair(p, q)


def drawing(strokes: int, seed: int) -> Pair:
    """DRAW with sixteen latents, shared out among so many strokes.

    >>> p, q = drawing(4, seed=0)
    >>> p.stroke_dim, q.sample(3, torch.zeros(5, 64)).shape
    (4, torch.Size([3, 5, 16]))
    """
    validate.one_of("strokes", strokes, STROKES)
    source = torch.Generator().manual_seed(seed)
    p = DRAW(strokes, 64, 16 // strokes, HIDDEN, source)
    return Pair(p, draw_posterior(p, generator=source))


def train_pair(pair: Pair, x: Tensor, steps: int, seed: int) -> Tensor:
    """Climb the ELBO: batches of 100, Adam whose rate falls from 0.005 along a cosine. The bound, step by step."""
    whole = smoke_cap(steps)
    found = fit(
        *pair,
        x,
        steps=steps,
        batch_size=100,
        learning_rate=5e-3,
        seed=seed,
        max_norm=50.0,
        schedule=partial(CosineAnnealingLR, T_max=whole),
        progress=False,
    )
    return found.bound
