"""The one small network that encoders and decoders of the course are made of."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["mlp"]


def mlp(inputs: int, hidden: int, outputs: int, generator: torch.Generator | None = None) -> nn.Sequential:
    """inputs -> hidden -> outputs, with tanh between: smooth, so that every derivative we test exists.

    Args:
        generator: draws the initial weights (uniform, within one over the root of the fan-in, PyTorch's default).

    >>> mlp(64, 200, 16)(torch.zeros(5, 64)).shape
    torch.Size([5, 16])
    """
    net = nn.Sequential(nn.Linear(inputs, hidden), nn.Tanh(), nn.Linear(hidden, outputs))
    if generator is not None:
        for layer in (net[0], net[2]):
            for parameter in layer.parameters():
                nn.init.uniform_(parameter, -(layer.in_features**-0.5), layer.in_features**-0.5, generator=generator)
    return net
