"""Networks that know what they read: a step of a sequence, a set, two networks at once, a window of an image."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from course_vi import validate
from course_vi.nets.dense import join, linear, mlp

__all__ = ["GatedCell", "SetEncoder", "SideBySide", "Window"]


class GatedCell(nn.Module):
    r"""One step of a recurrent net: a memory that forgets on purpose (a gated recurrent unit).

    .. math:: r, u = \mathrm{sigmoid}(A [x, h] + a), \qquad h' = u \odot h + (1 - u) \odot \tanh(C [x, r \odot h] + c)

    Unlike PyTorch's own it takes any number of axes in front.

    Args:
        inputs, hidden: sizes of x and of h.
        generator: draws the initial weights.

    Source: Cho et al., "Learning phrase representations using RNN encoder-decoder", EMNLP 2014.

    >>> GatedCell(3, 8)(torch.zeros(5, 3), torch.zeros(7, 5, 8)).shape
    torch.Size([7, 5, 8])
    """

    def __init__(self, inputs: int, hidden: int, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.hidden = hidden
        self.gates, self.candidate = (
            linear(inputs + hidden, 2 * hidden, generator),
            linear(inputs + hidden, hidden, generator),
        )

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        r, u = self.gates(join(x, h)).sigmoid().chunk(2, -1)
        return u * h + (1 - u) * self.candidate(join(x, r * h)).tanh()


class SetEncoder(nn.Module):
    r"""Sets in, a vector out, whatever the order and the number of the points.

    .. math:: f(\{x_1, \dots, x_n\}) = \rho\Big(\frac1n \sum_{i=1}^n \varphi(x_i),\; \log(1 + n)\Big)

    Every continuous function of a set has this form, with a sum inside; the mean and the count together are the sum. An empty set has
    the mean zero.

    Args:
        point_dim: size of a point.
        hidden: units, and size of :math:`\varphi`.
        outputs: size of the answer.
        generator: draws the initial weights.

    Source: Zaheer et al., "Deep sets", NeurIPS 2017.

    >>> encoder, points = SetEncoder(2, 8, 3), torch.randn(5, 4, 2)
    >>> bool((encoder(points) - encoder(points[:, [2, 0, 3, 1]])).abs().max() < 1e-5), encoder(points[:, :0]).shape
    (True, torch.Size([5, 3]))
    """

    def __init__(
        self, point_dim: int, hidden: int, outputs: int, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        self.point_dim = point_dim
        self.each, self.whole = (
            mlp(point_dim, hidden, hidden, generator),
            mlp(hidden + 1, hidden, outputs, generator),
        )

    def forward(self, points: Tensor) -> Tensor:
        """``(*B, n, point_dim)`` to ``(*B, outputs)``."""
        validate.event_size("points", points, self.point_dim)
        count = points.shape[-2]
        mean = self.each(points).sum(-2) / max(count, 1)
        return self.whole(join(mean, mean.new_full((1,), math.log1p(count))))


class SideBySide(nn.Module):
    r"""Several networks of one shape, trained at once: network r reads row r of the axis before the batch,

    .. math:: (\dots, R, B, \text{inputs}) \to (\dots, R, B, \text{outputs}).

    A sum over r of their objectives has the gradients of each by itself, so that seeds, or ways of training, cost little more than one.

    Args:
        networks: R results of ``mlp`` with the same sizes. Their weights are copied.

    Raises:
        ValueError: none, or of different shapes, or not made by ``mlp``.

    >>> pair = [mlp(3, 8, 2), mlp(3, 8, 2)]
    >>> both, x = SideBySide(pair), torch.randn(7, 2, 5, 3)
    >>> both(x).shape, torch.allclose(both(x)[:, 1], pair[1](x[:, 1]), atol=1e-6)
    (torch.Size([7, 2, 5, 2]), True)
    """

    def __init__(self, networks: Sequence[nn.Sequential]) -> None:
        super().__init__()
        layers = [[part for part in network if isinstance(part, nn.Linear)] for network in networks]
        shapes = {tuple(tuple(layer.weight.shape) for layer in each) for each in layers}
        plain = all(type(part) in (nn.Linear, nn.Tanh) for network in networks for part in network)
        if len(shapes) != 1 or not plain:
            raise ValueError(
                f"networks have weights of shapes {sorted(shapes)}; expected one or more results of mlp, all of the same shape"
            )
        columns = list(zip(*layers, strict=True))
        self.weights = nn.ParameterList(
            torch.stack([layer.weight.detach().mT for layer in column]) for column in columns
        )
        self.biases = nn.ParameterList(
            torch.stack([layer.bias.detach() for layer in column]).unsqueeze(1)
            for column in columns
        )

    def forward(self, x: Tensor) -> Tensor:
        for depth, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = (x.tanh() if depth else x) @ weight + bias
        return x


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

    def __init__(
        self, pixels: int, size: int, hidden: int, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        validate.positive_integer("size", size)
        self.side, self.size = math.isqrt(pixels), size
        if self.side**2 != pixels or not size <= self.side:
            raise ValueError(
                f"pixels is {pixels} and size is {size}; expected a square image, and a window no larger than it"
            )
        self.place = mlp(hidden, 0, 5, generator)

    def filters(self, h: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """F_y and F_x, ``(*B, n, A)`` each, and the intensity ``(*B, 1, 1)``."""
        numbers = self.place(h)
        centre = 0.5 * (self.side - 1) * (1 + numbers[..., :2])  # of rows, and of columns
        log_variance, log_stride, log_intensity = (
            numbers[..., index, None, None] for index in (2, 3, 4)
        )
        stride = (self.side - 1) / max(self.size - 1, 1) * log_stride.exp()
        steps = torch.arange(self.size, dtype=h.dtype, device=h.device) - (self.size - 1) / 2
        pixels = torch.arange(self.side, dtype=h.dtype, device=h.device)
        rows, columns = (
            centre[..., axis, None, None] + steps.unsqueeze(-1) * stride for axis in (0, 1)
        )  # (*B, n, 1)
        weight_y, weight_x = (
            torch.softmax(-0.5 * (pixels - mu).square() * (-log_variance).exp(), -1)
            for mu in (rows, columns)
        )
        return weight_y, weight_x, log_intensity.exp()

    def read(self, image: Tensor, h: Tensor) -> Tensor:
        """The patch ``(*B, n * n)`` that is seen of an image ``(*B, A * A)``."""
        validate.event_size("image", image, self.side**2)
        y, x, intensity = self.filters(h)
        return (intensity * (y @ image.unflatten(-1, (self.side, self.side)) @ x.mT)).flatten(-2)

    def write(self, patch: Tensor, h: Tensor) -> Tensor:
        """The image ``(*B, A * A)`` that a patch ``(*B, n * n)`` paints."""
        validate.event_size("patch", patch, self.size**2)
        y, x, intensity = self.filters(h)
        return (y.mT @ patch.unflatten(-1, (self.size, self.size)) @ x / intensity).flatten(-2)

    def extra_repr(self) -> str:
        return f"side={self.side}, size={self.size}"
