"""Networks of problems, built beside the learner's code: in double precision, at random weights of a size that is asked for."""

from __future__ import annotations

import torch
from torch import nn

from course_vi.nets import mlp

__all__ = ["network"]


def network(
    inputs: int, hidden: int, outputs: int, generator: torch.Generator, gain: float
) -> nn.Sequential:
    """A network in double precision whose weights and biases are normal, with the given gain.

    >>> net = network(3, 5, 2, torch.Generator().manual_seed(0), gain=0.7)
    >>> net(torch.zeros(4, 3, dtype=torch.float64)).shape
    torch.Size([4, 2])
    """
    net = mlp(inputs, hidden, outputs).double()
    with torch.no_grad():
        for parameter in (each for layer in net for each in layer.parameters()):
            size = parameter.shape[-1] if parameter.dim() > 1 else 1
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            parameter.copy_(gain * noise / size**0.5)
    return net
