"""Digits as sequences: row by row under a deep Markov model, with two ways to infer its noise, and stroke by stroke under DRAW."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from course_vi import validate
from course_vi.distributions import DiagonalNormal
from course_vi.experiments.side_by_side import climb, seeded
from course_vi.families import Family, draw_posterior, markov_posterior
from course_vi.families.ancestral import Ancestral, Conditionals
from course_vi.models import DRAW, DeepMarkovModel, Model
from course_vi.nets import GatedCell, mlp

__all__ = ["STROKES", "WAYS", "Pair", "StartNets", "drawing", "rows_of_digits", "train_pairs"]

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


class _LogWeight(nn.Module):
    """log p(x, z) - log q(z | x) at z = t(eps), as one module."""

    def __init__(self, pair: Pair) -> None:
        super().__init__()
        self.p, self.q = pair

    def forward(self, x: Tensor, eps: Tensor) -> Tensor:
        z = self.q.transport(eps, x)
        return torch.stack([*self.p.log_factors(x, z).values()]).sum(0) - self.q(x, z)


def train_pairs(pairs: Sequence[Pair], x: Tensor, steps: int, seeds: Sequence[int]) -> Tensor:
    """Climb the ELBO: batches of 100, Adam whose rate falls from 0.005 along a cosine; all pairs at once, in place.

    Args:
        pairs: of one architecture, one for each seed.
        x: ``(N, 64)``.

    Returns:
        The bound, step by step, ``(steps, R)``.
    """
    modules = [_LogWeight(pair) for pair in pairs]
    weights, buffers = torch.func.stack_module_state(cast(list[nn.Module], modules))
    skeleton, noise, size = deepcopy(modules[0]), seeded(seeds[0]), pairs[0].q.noise_dim

    def one(
        parameters: dict[str, Tensor], fixed: dict[str, Tensor], x: Tensor, eps: Tensor
    ) -> Tensor:
        found: Tensor = torch.func.functional_call(skeleton, (parameters, fixed), (x, eps))
        return found

    def objective(batch: Tensor) -> Tensor:
        eps = torch.randn(len(pairs), 1, batch.shape[1], size, generator=noise)
        return torch.func.vmap(one)(weights, buffers, batch, eps)[:, 0]

    climber = torch.optim.Adam(weights.values(), lr=5e-3)
    course = climb(objective, climber, x, seeds, steps, 100)
    with torch.no_grad():
        for row, module in enumerate(modules):
            for name, parameter in module.named_parameters():
                parameter.copy_(weights[name][row])
    return course
