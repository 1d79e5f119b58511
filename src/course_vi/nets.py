"""The one small network that encoders and decoders of the course are made of."""

from __future__ import annotations

import math

import torch
from torch import nn

__all__ = ["mlp"]


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
