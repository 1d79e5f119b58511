"""Problems of unit 16: small networks for sets and for functions, in double precision."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from autograder.protocol.problems import problem

__all__: list[str] = []


def layer(inputs: int, outputs: int, generator: torch.Generator, gain: float = 1.0) -> nn.Linear:
    """An affine map in double precision, its weights and biases normal."""
    found = nn.Linear(inputs, outputs).double()
    with torch.no_grad():
        for parameter in found.parameters():
            size = inputs if parameter.dim() > 1 else 1
            drawn = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            parameter.copy_(gain * drawn / size**0.5)
    return found


class SetNet(nn.Module):
    """Sets ``(*B, N, point)`` to ``(*B, outputs)``: features, summed over those points that are there, and read."""

    def __init__(
        self,
        point: int,
        outputs: int,
        generator: torch.Generator,
        shift: Tensor | None = None,
        hidden: int = 5,
    ) -> None:
        super().__init__()
        self.each = layer(point, hidden, generator)
        self.whole = layer(hidden + 1, outputs, generator, 0.6)
        if shift is not None:
            with torch.no_grad():
                self.whole.bias.add_(shift)

    def forward(self, points: Tensor, present: Tensor | None = None) -> Tensor:
        if present is None:
            present = torch.ones(points.shape[:-1], dtype=torch.bool)
        there = present.unsqueeze(-1).to(points)
        count = there.sum(-2)
        mean = (self.each(points).tanh() * there).sum(-2) / count.clamp(min=1)
        out: Tensor = self.whole(torch.cat([mean, count.log1p()], -1))
        return out


class PointNet(nn.Module):
    """log p(x | c) of points ``(*B, P, D)`` under latents ``c: (K, *B, C)``, one number for each point, ``(K, *B, P)``."""

    def __init__(self, point: int, latents: int, generator: torch.Generator) -> None:
        super().__init__()
        self.loc = layer(latents, point, generator, 1.5)
        self.log_scale = nn.Parameter(torch.tensor(-0.3, dtype=torch.float64))

    def forward(self, points: Tensor, c: Tensor) -> Tensor:
        off = (points - self.loc(c).unsqueeze(-2)) * (-self.log_scale).exp()
        return -0.5 * off.square().sum(-1) - points.shape[-1] * (
            self.log_scale + 0.9189385332046727
        )


class CurveNet(nn.Module):
    """Inputs ``(*B, N, 1)`` and ``z: (K, *B, D)`` to means and log scales of the outputs, ``(K, *B, N, 2)``."""

    def __init__(self, latents: int, generator: torch.Generator, hidden: int = 5) -> None:
        super().__init__()
        self.inner = layer(1 + latents, hidden, generator)
        self.outer = layer(hidden, 2, generator, 0.7)

    def forward(self, inputs: Tensor, z: Tensor) -> Tensor:
        wide = torch.broadcast_shapes(inputs.shape[:-1], (*z.shape[:-1], 1))
        both = torch.cat([inputs.expand(*wide, 1), z.unsqueeze(-2).expand(*wide, z.shape[-1])], -1)
        out: Tensor = self.outer(self.inner(both).tanh())
        return out


def learned(**networks: nn.Module) -> dict[str, Tensor]:
    """All parameters by name."""
    return {
        f"{name} {key}": value
        for name, network in networks.items()
        for key, value in network.named_parameters()
    }


@problem("statistician/small")
def statistician(
    seed: Tensor, sizes: Tensor, batch: Tensor, shift: Tensor | None = None
) -> dict[str, Any]:
    """An encoder of sets, ``(*B, N, D)`` to ``(*B, 2 C)``, and the log-density of a point.

    Args:
        sizes: D and C.
        batch: the axes of the minibatch.
        shift: added to what the encoder writes, ``(2 C)``.
    """
    generator = torch.Generator().manual_seed(int(seed))
    point, latents = (int(size) for size in sizes)
    encoder = SetNet(point, 2 * latents, generator, shift)
    log_point = PointNet(point, latents, generator)
    return {
        "encoder": encoder,
        "log_point": log_point,
        "learn": learned(encoder=encoder, log_point=log_point),
        "shared": True,
        "batch": tuple(int(size) for size in batch),
    }


@problem("process/small")
def process(
    seed: Tensor,
    latents: Tensor,
    batch: Tensor,
    shift: Tensor | None = None,
    spread: Tensor | None = None,
) -> dict[str, Any]:
    """An encoder of points (input, output) of which some are read, and a decoder.

    Args:
        batch: the axes of the functions.
        shift: added to what the encoder writes, ``(2 D)``.
        spread: added to the log scales that the decoder writes, ``()``.
    """
    generator = torch.Generator().manual_seed(int(seed))
    encoder = SetNet(2, 2 * int(latents), generator, shift)
    decoder = CurveNet(int(latents), generator)
    if spread is not None:
        with torch.no_grad():
            decoder.outer.bias[1].add_(spread)
    return {
        "encoder": encoder,
        "decoder": decoder,
        "learn": learned(encoder=encoder, decoder=decoder),
        "shared": True,
        "batch": tuple(int(size) for size in batch),
    }
