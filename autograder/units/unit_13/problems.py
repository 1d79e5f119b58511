"""Problems of unit 13: small encoders and decoders in double precision."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from autograder.protocol.networks import network
from autograder.protocol.problems import problem
from autograder.units.unit_13 import (
    problems_training as problems_training,  # its drivers register themselves
)

__all__: list[str] = []


@problem("vae/small")
def vae_small(
    x: Tensor,
    seed: Tensor,
    sizes: Tensor,
    gain: Tensor,
    stretch: Tensor | None = None,
    shift: Tensor | None = None,
    volume: Tensor | None = None,
    lean: Tensor | None = None,
) -> dict[str, Any]:
    """An encoder from x ``(*B, Dx)`` to ``(*B, 2 D)`` and a decoder to logits.

    Args:
        sizes: D and the number of hidden units.
        gain: that of the decoder's weights.
        stretch, shift: of the 2 D numbers that the encoder writes, ``(2 D)``.
        volume: by which the logits are multiplied.
        lean: added to them, ``(Dx)``.
    """
    generator = torch.Generator().manual_seed(int(seed))
    latents, hidden = (int(size) for size in sizes)
    encoder = network(x.shape[-1], hidden, 2 * latents, generator, 0.7)
    decoder = network(latents, hidden, x.shape[-1], generator, float(gain))
    last: Any = encoder[-1]
    out: Any = decoder[-1]
    with torch.no_grad():
        if stretch is not None:
            last.weight.mul_(stretch.unsqueeze(-1))
            last.bias.mul_(stretch)
        if shift is not None:
            last.bias.add_(shift)
        if volume is not None:
            out.weight.mul_(volume)
            out.bias.mul_(volume)
        if lean is not None:
            out.bias.add_(lean)
    learn = {
        f"{name} {key}": value
        for name, net in (("encoder", encoder), ("decoder", decoder))
        for key, value in net.named_parameters()
    }
    return {"encoder": encoder, "decoder": decoder, "x": x, "learn": learn, "shared": True}
