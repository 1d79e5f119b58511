r"""Recognition of sequences: each state in the light of the state before it and of all the data to come."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from course_vi import validate
from course_vi.distributions import DiagonalNormal
from course_vi.families.ancestral import Ancestral, Conditionals
from course_vi.nets import GatedCell, join, mlp

__all__ = ["MarkovNets", "markov_posterior"]


class MarkovNets(Conditionals):
    r"""q(z_t | z_{t-1}, x_t..x_T), diagonal normals: the recognition half of ``DeepMarkovModel``.

    .. math:: g_t = \mathrm{cell}(x_t, g_{t+1}), \quad g_{T+1} = 0, \qquad
              q(z_t \mid z_{t-1}, x_{t..T}) = N\big(\mu_\phi(z_{t-1}, g_t), \sigma_\phi^2(z_{t-1}, g_t)\big)

    Args:
        steps, point_dim, state_dim: T, p and d.
        hidden: units, and the size of g.
        generator: draws the initial weights.
    """

    def __init__(
        self,
        steps: int,
        point_dim: int,
        state_dim: int,
        hidden: int = 32,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        for name, value in (("steps", steps), ("point_dim", point_dim), ("state_dim", state_dim)):
            validate.positive_integer(name, value)
        self.steps, self.point_dim, self.sizes = steps, point_dim, (state_dim,) * steps
        self.cell = GatedCell(point_dim, hidden, generator)
        self.combine = mlp(state_dim + hidden, hidden, 2 * state_dim, generator)
        self.start = nn.Parameter(torch.zeros(state_dim))

    def begin(self, x: Tensor) -> list[Tensor]:
        """g_1, ..., g_T: one pass over the series from its end."""
        validate.event_size("x", x, self.steps * self.point_dim)
        g, seen = x.new_zeros(self.cell.hidden), []
        for datum in reversed(x.unflatten(-1, (self.steps, self.point_dim)).unbind(-2)):
            g = self.cell(datum, g)
            seen.append(g)
        return seen[::-1]

    def step(
        self, level: int, memory: list[Tensor], previous: Tensor | None
    ) -> tuple[DiagonalNormal, list[Tensor]]:
        before = self.start if previous is None else previous
        return DiagonalNormal(*self.combine(join(before, memory[level])).chunk(2, -1)), memory


def markov_posterior(
    steps: int,
    point_dim: int,
    state_dim: int,
    hidden: int = 32,
    generator: torch.Generator | None = None,
) -> Ancestral:
    """``MarkovNets`` as a family.

    Source: Krishnan, Shalit and Sontag, "Structured inference networks for nonlinear state space models", AAAI 2017.

    >>> q = markov_posterior(steps=6, point_dim=3, state_dim=2)
    >>> q.sample(7, torch.zeros(5, 18)).shape
    torch.Size([7, 5, 12])
    """
    return Ancestral(MarkovNets(steps, point_dim, state_dim, hidden, generator))
