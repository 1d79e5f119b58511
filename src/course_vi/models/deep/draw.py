r"""DRAW: an image made in strokes, each with a latent of its own."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from course_vi import validate
from course_vi.distributions import DiagonalNormal
from course_vi.models.base import Model
from course_vi.models.deep.outputs import output
from course_vi.nets import GatedCell, Window, mlp

__all__ = ["DRAW"]


class DRAW(Model):
    r"""A recurrent net that adds strokes to a canvas.

    .. math:: z_t \sim N(0, I_D), \quad h_t = \mathrm{cell}_\theta(z_t, h_{t-1}), \quad c_t = c_{t-1} + \mathrm{write}_\theta(h_t), \qquad
              x \mid z_1, \dots, z_T \sim p(x; c_T)

    The latents are independent before the data are seen and depend on each other after: each stroke answers what the strokes before it
    left to be drawn. So the posterior family is built with the model, :math:`\prod_t q(z_t \mid z_{<t}, x)`, and looks at the canvas so
    far; see ``families.draw_posterior``. Its ELBO needs no more than that: T Kullback-Leibler terms and one likelihood.

    The event of z is ``(T * D,)``, stroke after stroke.

    Args:
        steps, data_dim, latent_dim: T, Dx and D.
        hidden: size of h.
        generator: draws the initial weights.
        likelihood, scale: of the pixels, see ``outputs.output``.
        window: the side n of the n x n patch that a stroke paints, and that the encoder looks through, placed by h; without it, a stroke
            may touch every pixel. Needs a square image and one number for each pixel.
        cell, write: nets ``(z, h) -> h`` and ``h -> canvas`` in place of the usual ones.

    Source: Gregor, Danihelka, Graves, Rezende and Wierstra, "DRAW: a recurrent neural network for image generation", ICML 2015.

    >>> model = DRAW(steps=3, data_dim=64, latent_dim=2, hidden=16, window=3)
    >>> from course_vi.families import draw_posterior
    >>> q, x = draw_posterior(model), torch.zeros(5, 64)
    >>> model.log_joint(x, q.sample(7, x)).shape, model.canvases(torch.zeros(5, 6)).shape
    (torch.Size([7, 5]), torch.Size([4, 5, 64]))
    """

    shown = ("steps", "window")

    def __init__(
        self,
        steps: int,
        data_dim: int = 64,
        latent_dim: int = 4,
        hidden: int = 64,
        generator: torch.Generator | None = None,
        *,
        likelihood: str = "bernoulli",
        scale: str | float = "shared",
        window: int | None = None,
        cell: nn.Module | None = None,
        write: nn.Module | None = None,
    ) -> None:
        super().__init__()
        for name, value in (("steps", steps), ("latent_dim", latent_dim), ("hidden", hidden)):
            validate.positive_integer(name, value)
        self.steps, self.data_dim, self.stroke_dim, self.hidden, self.window = (
            steps,
            data_dim,
            latent_dim,
            hidden,
            window,
        )
        self.latent_dim = steps * latent_dim
        self.output = output(likelihood, data_dim, scale)
        if window is not None and self.output.width != data_dim:
            raise ValueError(
                f"window is {window} and scale is {scale!r}; expected a scale that no patch has to paint"
            )
        self.cell = GatedCell(latent_dim, hidden, generator) if cell is None else cell
        self.write = (
            write
            if write is not None
            else (
                mlp(hidden, 0, self.output.width, generator)
                if window is None
                else _PatchWriter(data_dim, window, hidden, generator)
            )
        )
        self.canvas = nn.Parameter(torch.zeros(self.output.width))

    def prior(self) -> DiagonalNormal:
        zeros = torch.zeros(self.latent_dim, dtype=self.canvas.dtype, device=self.canvas.device)
        return DiagonalNormal(zeros, zeros)

    def start(self) -> tuple[Tensor, Tensor]:
        """h_0 and c_0: nothing, and the background."""
        return self.canvas.new_zeros(self.hidden), self.canvas

    def stroke(self, z: Tensor, h: Tensor, canvas: Tensor) -> tuple[Tensor, Tensor]:
        """h_t and c_t from z_t, h_{t-1} and c_{t-1}."""
        h = self.cell(z, h)
        return h, canvas + self.write(h)

    def canvases(self, z: Tensor) -> Tensor:
        """c_0, ..., c_T, ``(T + 1, *B, width)``: the numbers of the output (logits, or means), as the drawing goes on."""
        validate.event_size("z", z, self.latent_dim)
        h, canvas = self.start()
        found = [canvas.expand(*z.shape[:-1], -1)]
        for part in z.split(self.stroke_dim, -1):
            h, canvas = self.stroke(part, h, canvas)
            found.append(canvas)
        return torch.stack(found)

    def likelihood(self, z: Tensor) -> torch.distributions.Distribution:
        return self.output.density(self.canvases(z)[-1])

    def check(self, x: Tensor) -> None:
        """Refuse pixels outside the support of the output, and what every model refuses."""
        super().check(x)
        self.output.check("x", x)

    def log_factors(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        return {
            "prior": self.prior().log_prob(z),
            "likelihood": self.output.log_prob(self.canvases(z)[-1], x),
        }

    def sample(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        like = self.canvas.detach()
        z = torch.randn(
            n, self.latent_dim, generator=generator, dtype=like.dtype, device=like.device
        )
        with torch.no_grad():
            return self.output.draw(self.canvases(z)[-1], generator), z


class _PatchWriter(nn.Module):
    """A patch from h, put where h says."""

    def __init__(
        self, pixels: int, size: int, hidden: int, generator: torch.Generator | None
    ) -> None:
        super().__init__()
        self.window, self.patch = (
            Window(pixels, size, hidden, generator),
            mlp(hidden, 0, size**2, generator),
        )

    def forward(self, h: Tensor) -> Tensor:
        return self.window.write(self.patch(h), h)
