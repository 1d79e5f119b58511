r"""A window on an image: a small grid of Gaussian filters, moved and zoomed by a net, differentiable in where it looks."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from course_vi import expect
from course_vi.nets import mlp

__all__ = ["Window"]


class Window(nn.Module):
    r"""An n x n grid of Gaussian filters over an image of A x A pixels.

    .. math:: \mu_i = g + \big(i - \tfrac{n - 1}2\big)\, \delta, \qquad F_{ia} \propto \exp\Big(-\frac{(a - \mu_i)^2}{2 \sigma^2}\Big),
              \quad \textstyle\sum_a F_{ia} = 1, \qquad i = 0, \dots, n - 1

    for rows and columns alike, so that reading is :math:`\gamma F_y\, x\, F_x^\top` and writing :math:`F_y^\top w\, F_x / \gamma`. Five
    numbers, affine in h, say where: the centres :math:`g_y, g_x` (-1 to 1 is edge to edge), and the logarithms of the filters' variance
    :math:`\sigma^2`, of the stride :math:`\delta` (1 covers the image) and of the intensity :math:`\gamma`.

    Args:
        pixels: A squared.
        size: n.
        hidden: size of h.
        generator: draws the initial weights.

    Source: Gregor et al., "DRAW", ICML 2015, section 3.2.

    >>> window = Window(pixels=64, size=3, hidden=5)
    >>> window.read(torch.zeros(7, 64), torch.zeros(7, 5)).shape, window.write(torch.zeros(7, 9), torch.zeros(7, 5)).shape
    (torch.Size([7, 9]), torch.Size([7, 64]))
    """

    def __init__(self, pixels: int, size: int, hidden: int, generator: torch.Generator | None = None) -> None:
        super().__init__()
        expect.positive_integer("size", size)
        self.side, self.size = math.isqrt(pixels), size
        if self.side**2 != pixels or not size <= self.side:
            raise ValueError(f"pixels is {pixels} and size is {size}; expected a square image, and a window no larger than it")
        self.place = mlp(hidden, 0, 5, generator)

    def filters(self, h: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """F_y and F_x, ``(*B, n, A)`` each, and the intensity ``(*B, 1, 1)``."""
        numbers = self.place(h)
        centre = 0.5 * (self.side - 1) * (1 + numbers[..., :2])                                            # of rows, and of columns
        log_variance, log_stride, log_intensity = (numbers[..., index, None, None] for index in (2, 3, 4))
        stride = (self.side - 1) / max(self.size - 1, 1) * log_stride.exp()
        steps = torch.arange(self.size, dtype=h.dtype, device=h.device) - (self.size - 1) / 2
        pixels = torch.arange(self.side, dtype=h.dtype, device=h.device)
        rows, columns = (centre[..., axis, None, None] + steps.unsqueeze(-1) * stride for axis in (0, 1))  # (*B, n, 1)
        weight_y, weight_x = (torch.softmax(-0.5 * (pixels - mu).square() * (-log_variance).exp(), -1) for mu in (rows, columns))
        return weight_y, weight_x, log_intensity.exp()

    def read(self, image: Tensor, h: Tensor) -> Tensor:
        """The patch ``(*B, n * n)`` that is seen of an image ``(*B, A * A)``."""
        expect.event_size("image", image, self.side**2)
        y, x, intensity = self.filters(h)
        return (intensity * (y @ image.unflatten(-1, (self.side, self.side)) @ x.mT)).flatten(-2)

    def write(self, patch: Tensor, h: Tensor) -> Tensor:
        """The image ``(*B, A * A)`` that a patch ``(*B, n * n)`` paints."""
        expect.event_size("patch", patch, self.size**2)
        y, x, intensity = self.filters(h)
        return (y.mT @ patch.unflatten(-1, (self.size, self.size)) @ x / intensity).flatten(-2)
