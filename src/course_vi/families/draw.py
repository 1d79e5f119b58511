r"""Recognition for DRAW: look at the image and at what is wrong with the canvas, remember, and answer."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor

from course_vi import validate
from course_vi.distributions import DiagonalNormal
from course_vi.families.ancestral import Ancestral, Conditionals
from course_vi.nets import GatedCell, Window, join, mlp

__all__ = ["DrawNets", "Drawing", "draw_posterior"]


Memory = tuple[Tensor, Tensor, Tensor, Tensor]


class Drawing(Protocol):
    """What the nets follow: a model that adds strokes to a canvas, such as ``models.DRAW``."""

    steps: int
    data_dim: int
    stroke_dim: int
    hidden: int
    window: int | None
    output: Any

    def start(self) -> tuple[Tensor, Tensor]:
        """h_0 and c_0."""

    def stroke(self, z: Tensor, h: Tensor, canvas: Tensor) -> tuple[Tensor, Tensor]:
        """h_t and c_t from z_t, h_{t-1} and c_{t-1}."""


class DrawNets(Conditionals):
    r"""q(z_t | z_<t, x): look at the image and at what is wrong with the canvas, remember, and answer.

    .. math:: e_t = x - \hat x(c_{t-1}), \qquad g_t = \mathrm{cell}_\phi\big([\mathrm{read}(x, e_t; h_{t-1}), h_{t-1}], g_{t-1}\big), \qquad
              q(z_t \mid \cdot) = N\big(\mu_\phi(g_t), \sigma_\phi^2(g_t)\big)

    The canvas and h are those of the model, whose parameters it therefore shares: gradients reach them both ways, and frozen means
    frozen here too.

    Args:
        model: whose strokes to follow.
        hidden: size of g.
        generator: draws the initial weights.
    """

    def __init__(
        self, model: Drawing, hidden: int, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        self.model, self.sizes, self.hidden = model, (model.stroke_dim,) * model.steps, hidden
        self.window = (
            None
            if model.window is None
            else Window(model.data_dim, model.window, model.hidden, generator)
        )
        seen = 2 * (model.data_dim if model.window is None else model.window**2)
        self.cell = GatedCell(seen + model.hidden, hidden, generator)
        self.answer = mlp(hidden, 0, 2 * model.stroke_dim, generator)

    def begin(self, x: Tensor) -> Memory:
        validate.event_size("x", x, self.model.data_dim)
        return (x, x.new_zeros(self.hidden), *self.model.start())

    def step(
        self, level: int, memory: Memory, previous: Tensor | None
    ) -> tuple[DiagonalNormal, Memory]:
        x, g, h, canvas = memory
        if previous is not None:
            h, canvas = self.model.stroke(previous, h, canvas)
        error = x - self.model.output.density(canvas).mean
        seen = (
            join(x, error)
            if self.window is None
            else join(self.window.read(x, h), self.window.read(error, h))
        )
        g = self.cell(join(seen, h), g)
        return DiagonalNormal(*self.answer(g).chunk(2, -1)), (x, g, h, canvas)


def draw_posterior(
    model: Drawing, hidden: int | None = None, generator: torch.Generator | None = None
) -> Ancestral:
    """The posterior family of ``models.DRAW``, which looks at the canvas so far and shares the model's parameters.

    Args:
        model: whose strokes to follow.
        hidden: size of the family's own memory; by default that of the model's.
        generator: draws the initial weights.

    >>> from course_vi.models import DRAW
    >>> model = DRAW(steps=3, data_dim=16, latent_dim=2, hidden=8)
    >>> draw_posterior(model).sample(7, torch.zeros(5, 16)).shape
    torch.Size([7, 5, 6])
    """
    return Ancestral(DrawNets(model, model.hidden if hidden is None else hidden, generator))
