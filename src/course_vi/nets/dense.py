"""Layers side by side and one after another: perceptrons, and what is affine in them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from course_vi import validate

__all__ = ["Reshaped", "affine_parts", "join", "linear", "mlp"]


def join(*parts: Tensor) -> Tensor:
    """The parts side by side on the last axis, their other axes broadcast: what a net reads that reads two things.

    >>> join(torch.zeros(7, 5, 2), torch.ones(5, 3)).shape
    torch.Size([7, 5, 5])
    """
    batch = torch.broadcast_shapes(*(part.shape[:-1] for part in parts))
    return torch.cat([part.expand(*batch, part.shape[-1]) for part in parts], -1)


def linear(inputs: int, outputs: int, generator: torch.Generator | None) -> nn.Linear:
    """An affine map whose first weights come from the generator, and then from nowhere else: torch's global stream stays where it is.

    >>> layer = linear(3, 2, torch.Generator().manual_seed(0))
    >>> layer(torch.zeros(5, 3)).shape
    torch.Size([5, 2])
    """
    if generator is None:
        return nn.Linear(inputs, outputs)
    layer: nn.Linear = nn.utils.skip_init(
        nn.Linear, inputs, outputs, device=torch.get_default_device()
    )
    for parameter in layer.parameters():
        nn.init.uniform_(
            parameter, -1 / math.sqrt(inputs), 1 / math.sqrt(inputs), generator=generator
        )
    return layer


def mlp(
    inputs: int,
    hidden: int | Sequence[int],
    outputs: int,
    generator: torch.Generator | None = None,
) -> nn.Sequential:
    """inputs -> hidden -> outputs, with tanh between: smooth, so that every derivative we test exists.

    Args:
        hidden: units of the hidden layer, or of each of several; 0 or () for none, which leaves one affine map.
        generator: draws the initial weights (uniform, within one over the root of the fan-in, PyTorch's default), and
            leaves torch's global stream where it is.

    >>> mlp(64, 200, 16)(torch.zeros(5, 64)).shape, len(mlp(64, (200, 100), 16))
    (torch.Size([5, 16]), 5)
    """
    inner = (
        list(hidden) if isinstance(hidden, Sequence) and not isinstance(hidden, str) else [hidden]
    )
    for name, size in (
        ("inputs", inputs),
        ("outputs", outputs),
        *(("hidden", h) for h in inner if h),
    ):
        validate.positive_integer(name, size)
    sizes = [inputs, *(size for size in inner if size), outputs]
    layers = [linear(one, other, generator) for one, other in zip(sizes, sizes[1:], strict=False)]
    between = [module for layer in layers for module in (nn.Tanh(), layer)]
    return nn.Sequential(*between[1:])


class Reshaped(nn.Module):
    """A network for batches with one axis in front, such as a convolutional one, made to read and write vectors with any axes in front.

    Args:
        network: from ``(N, *shape)`` to ``(N, *anything)``.
        shape: what one vector is reshaped to before the network reads it, such as ``(1, 28, 28)``; by default it stays a vector.

    Raises (when called):
        ValueError: a vector of another size than the shape.

    >>> encoder = Reshaped(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(4 * 36, 6)), (1, 8, 8))
    >>> encoder(torch.zeros(7, 5, 64)).shape
    torch.Size([7, 5, 6])
    """

    def __init__(self, network: nn.Module, shape: Sequence[int] | None = None) -> None:
        super().__init__()
        self.network, self.shape = network, None if shape is None else tuple(shape)

    def forward(self, vectors: Tensor) -> Tensor:
        shape = vectors.shape[-1:] if self.shape is None else self.shape
        validate.event_size("vectors", vectors, math.prod(shape))
        out = self.network(vectors.reshape(-1, *shape))
        return out.reshape(*vectors.shape[:-1], math.prod(out.shape[1:]))


def affine_parts(network: nn.Module) -> tuple[Tensor, Tensor] | None:
    """Weight and bias of a network that is one ``nn.Linear``, by itself or in a ``Sequential``; None for any other.

    >>> affine_parts(mlp(2, 0, 3)) is None, affine_parts(nn.Sequential(nn.Tanh())) is None
    (False, True)
    """
    while type(network) is nn.Sequential and len(network) == 1:
        network = network[0]
    if type(network) is not nn.Linear:
        return None
    bias = network.weight.new_zeros(network.out_features) if network.bias is None else network.bias
    return network.weight, bias
