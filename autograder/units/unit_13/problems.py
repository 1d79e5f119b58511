"""Problems and drivers of unit 13: small encoders and decoders in double precision, and a training run on real digits."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from autograder.protocol.problems import driver, problem
from course_vi.data import digits
from course_vi.nets import mlp

__all__: list[str] = []

TRAIN_ROWS, NEW_ROWS, LATENTS, STEPS, SEED = 400, 100, 4, 300, 13


def network(
    inputs: int, hidden: int, outputs: int, generator: torch.Generator, gain: float
) -> nn.Sequential:
    """A network in double precision whose weights and biases are normal, with the given gain."""
    net = mlp(inputs, hidden, outputs).double()
    with torch.no_grad():
        for layer in net:
            for parameter in layer.parameters():
                size = parameter.shape[-1] if parameter.dim() > 1 else 1
                parameter.copy_(
                    gain
                    * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
                    / size**0.5
                )
    return net


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
    with torch.no_grad():
        last: Any = encoder[-1]
        out: Any = decoder[-1]
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


def training_images() -> tuple[Tensor, Tensor]:
    """The digits of the training exercise, and new ones."""
    images = digits()
    return images.train[:TRAIN_ROWS], images.test[:NEW_ROWS]


@driver("vae/train", trains=True)
def vae_train(learner: Any, eps: Tensor) -> dict[str, Any]:
    """Train on digits; return what the encoder writes for new ones, and the logits of the decoder at samples made with ``eps``."""
    x, new = training_images()
    encoder, decoder = learner(x, LATENTS, STEPS, torch.Generator().manual_seed(SEED))
    with torch.no_grad():
        try:
            written = encoder(new)
        except RuntimeError:  # of another size: the two came in the other order
            written = None
        if not isinstance(written, Tensor) or written.shape != (NEW_ROWS, 2 * LATENTS):
            return {"written": written, "logits": None, "halved": None}
        loc, log_scale = written.split(LATENTS, -1)
        noise = eps.to(written)
        return {
            "written": written,
            "logits": decoder(loc + log_scale.exp() * noise),
            "halved": decoder(loc + (log_scale / 2).exp() * noise),
        }


@driver("vae/train_twice", trains=True)
def vae_train_twice(learner: Any, rows: int) -> dict[str, Any]:
    """A few steps, three times: twice with one seed while the global stream moves on, and once with another."""
    x, new = training_images()
    written = []
    for seed in (1, 1, 2):
        torch.rand(3)
        encoder, _ = learner(x[:rows], 2, 5, torch.Generator().manual_seed(seed))
        with torch.no_grad():
            written.append(encoder(new[:3]))
    return {"written": written}
