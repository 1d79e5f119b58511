"""The few small networks that encoders and decoders of the course are made of."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

__all__ = ["GatedCell", "anchor", "join", "mlp"]


def anchor(module: nn.Module) -> Tensor | None:
    """The first parameter, which says where a module lives: ``next(module.parameters(), None)``, six times faster.

    >>> anchor(nn.Sequential(nn.Tanh(), nn.Linear(2, 3))).shape, anchor(nn.Tanh())
    (torch.Size([3, 2]), None)
    """
    for parameter in module._parameters.values():
        if parameter is not None:
            return parameter
    for child in module._modules.values():
        if child is not None and (found := anchor(child)) is not None:
            return found
    return None


def join(*parts: Tensor) -> Tensor:
    """The parts side by side on the last axis, their other axes broadcast: what a net reads that reads two things.

    >>> join(torch.zeros(7, 5, 2), torch.ones(5, 3)).shape
    torch.Size([7, 5, 5])
    """
    batch = torch.broadcast_shapes(*(part.shape[:-1] for part in parts))
    return torch.cat([part.expand(*batch, part.shape[-1]) for part in parts], -1)


def mlp(inputs: int, hidden: int, outputs: int, generator: torch.Generator | None = None) -> nn.Sequential:
    """inputs -> hidden -> outputs, with tanh between: smooth, so that every derivative we test exists.

    Args:
        hidden: units of the hidden layer; 0 for none, which leaves one affine map.
        generator: draws the initial weights (uniform, within one over the root of the fan-in, PyTorch's default).

    >>> mlp(64, 200, 16)(torch.zeros(5, 64)).shape
    torch.Size([5, 16])
    """
    sizes = (inputs, hidden, outputs) if hidden else (inputs, outputs)
    layers = [nn.Linear(one, other) for one, other in zip(sizes, sizes[1:], strict=False)]
    if generator is not None:
        for layer in layers:
            for parameter in layer.parameters():
                nn.init.uniform_(parameter, -1 / math.sqrt(layer.in_features), 1 / math.sqrt(layer.in_features), generator=generator)
    return nn.Sequential(layers[0], nn.Tanh(), layers[1]) if hidden else nn.Sequential(*layers)


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
        self.gates, self.candidate = nn.Linear(inputs + hidden, 2 * hidden), nn.Linear(inputs + hidden, hidden)
        if generator is not None:
            for parameter in self.parameters():
                nn.init.uniform_(parameter, -1 / math.sqrt(inputs + hidden), 1 / math.sqrt(inputs + hidden), generator=generator)

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        r, u = self.gates(join(x, h)).sigmoid().chunk(2, -1)
        return u * h + (1 - u) * self.candidate(join(x, r * h)).tanh()
