"""Problems of unit 15: pairs of decoders over the same latents, and the nets of a conditional VAE, in double precision."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from autograder.protocol.networks import network
from autograder.protocol.problems import problem

__all__: list[str] = []


class Moved(nn.Module):
    """A decoder that reads its latents turned, stretched, shifted, and turned further the farther out they are."""

    def __init__(self, decoder: nn.Module, matrix: Tensor, shift: Tensor, twist: Tensor) -> None:
        super().__init__()
        self.decoder, self.matrix, self.shift, self.twist = decoder, matrix, shift, float(twist)

    def forward(self, z: Tensor) -> Tensor:
        if self.twist:
            angle = self.twist * z.square().sum(-1)
            cos, sin = angle.cos(), angle.sin()
            z = torch.stack(
                [cos * z[..., 0] - sin * z[..., 1], sin * z[..., 0] + cos * z[..., 1]], -1
            )
        value: Tensor = self.decoder(z @ self.matrix.mT + self.shift)
        return value


@problem("variants/pair")
def pair(
    x: Tensor,
    seed: Tensor,
    sizes: Tensor,
    reads: Tensor,
    matrix: Tensor,
    shift: Tensor,
    twist: Tensor,
) -> dict[str, Any]:
    """Two decoders to logits; the second is the first after its latents were moved.

    Args:
        sizes: D and the number of hidden units.
        reads: how strongly the first decoder reads each latent, ``(D)``.
        matrix, shift, twist: what is done to the latents before the second reads them.
    """
    latents, hidden = (int(size) for size in sizes)
    generator = torch.Generator().manual_seed(int(seed))
    first: Any = network(latents, hidden, x.shape[-1], generator, 1.0)
    with torch.no_grad():
        first[0].weight.mul_(reads)
    first = first.requires_grad_(False)
    return {"first": first, "second": Moved(first, matrix, shift, twist), "x": x}


@problem("variants/conditional")
def conditional(
    x: Tensor,
    y: Tensor,
    seed: Tensor,
    sizes: Tensor,
    stretch: Tensor | None = None,
    shift: Tensor | None = None,
    volume: Tensor | None = None,
) -> dict[str, Any]:
    """An encoder of (x, y), a prior of y, and a decoder of (z, y) to logits.

    Args:
        y: ``(*B, C)``, one-hot, or all zeros where the label is missing.
        sizes: D and the number of hidden units.
        stretch, shift: of the 2 D numbers that the encoder writes.
        volume: by which the logits are multiplied.
    """
    latents, hidden = (int(size) for size in sizes)
    labels, generator = y.shape[-1], torch.Generator().manual_seed(int(seed))
    encoder: Any = network(x.shape[-1] + labels, hidden, 2 * latents, generator, 0.8)
    prior: Any = network(labels, hidden, 2 * latents, generator, 0.8)
    decoder: Any = network(latents + labels, hidden, x.shape[-1], generator, 1.5)
    with torch.no_grad():
        if stretch is not None:
            encoder[-1].weight.mul_(stretch.unsqueeze(-1))
            encoder[-1].bias.mul_(stretch)
        if shift is not None:
            encoder[-1].bias.add_(shift)
        if volume is not None:
            decoder[-1].weight.mul_(volume)
            decoder[-1].bias.mul_(volume)
    nets = {"encoder": encoder, "prior": prior, "decoder": decoder}
    learn = {
        f"{name} {key}": value
        for name, net in nets.items()
        for key, value in net.named_parameters()
    }
    return {**nets, "x": x, "y": y, "learn": learn, "shared": True}
