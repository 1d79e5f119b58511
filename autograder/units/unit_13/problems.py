"""Problems and drivers of unit 13: small encoders and decoders in double precision, and a training run on real digits."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from autograder.protocol.problems import driver, problem
from course_vi.data import digits
from course_vi.nets import mlp

__all__: list[str] = []

TRAIN_ROWS, NEW_ROWS, LATENTS, STEPS = 400, 100, 4, 300


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


def training_images(pixels: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The digits of the training exercise, and new ones, with their pixels in another order."""
    images = digits()
    train, new = images.train[:TRAIN_ROWS].clone(), images.test[:NEW_ROWS].clone()
    return (train, new) if pixels is None else (train[:, pixels.long()], new[:, pixels.long()])


@driver("vae/train", trains=True)
def vae_train(learner: Any, eps: Tensor, pixels: Tensor, seed: int) -> dict[str, Any]:
    """Train on digits; return what the encoder writes for new ones, and the logits of the decoder at samples made with ``eps``.

    Returns:
        ``written``; ``logits`` at z as it should be read, and at ``halved`` log scales and with both halves ``swapped``.
    """
    x, new = training_images(pixels)
    encoder, decoder = learner(x, LATENTS, STEPS, torch.Generator().manual_seed(seed))
    with torch.no_grad():
        try:
            written = encoder(new)
        except RuntimeError:  # of another size: the two came in the other order
            written = None
        if not isinstance(written, Tensor) or written.shape != (NEW_ROWS, 2 * LATENTS):
            return {"written": written, "logits": None}
        loc, log_scale = written.split(LATENTS, -1)
        noise = eps.to(written)
        return {
            "written": written,
            "logits": decoder(loc + log_scale.exp() * noise),
            "halved": decoder(loc + (log_scale / 2).exp() * noise),
            "swapped": decoder(log_scale + loc.exp() * noise),
        }


def short_run(learner: Any, x: Tensor, latents: int, steps: int, seed: int) -> dict[str, Any]:
    """A short run: what encoder and decoder write, and how many steps each optimizer took."""
    taken: dict[int, int] = {}

    def count(optimizer: Any, *_: Any) -> None:
        taken[id(optimizer)] = taken.get(id(optimizer), 0) + 1

    hook = register_optimizer_step_post_hook(count)
    try:
        encoder, decoder = learner(x, latents, steps, torch.Generator().manual_seed(seed))
    finally:
        hook.remove()
    new = training_images()[1][:3]
    z = torch.linspace(-1, 1, 3 * latents).reshape(3, latents)
    with torch.no_grad():
        written = encoder(new)
        fits = isinstance(written, Tensor) and written.shape == (3, 2 * latents)
        logits = decoder(z.to(written)) if fits else None
    return {"written": written, "logits": logits, "steps": steps, "taken": list(taken.values())}


@driver("vae/train_twice", trains=True)
def vae_train_twice(learner: Any, latents: int) -> dict[str, Any]:
    """Short runs on forty rows: twice with one seed while the global stream moves on, with another seed, and with one step more."""
    x = training_images()[0][:40]
    runs = {}
    for name, steps, seed in (("one", 5, 1), ("same", 5, 1), ("other", 5, 2), ("longer", 6, 1)):
        torch.rand(3)
        runs[name] = short_run(learner, x, latents, steps, seed)
    return runs


@driver("vae/train_on_others", trains=True)
def vae_train_on_others(learner: Any, count: int) -> dict[str, Any]:
    """Short runs on all rows, and with the first or the last of them changed."""
    x = training_images()[0]
    first, last = x.clone(), x.clone()
    first[:count], last[-count:] = 1 - x[:count], 1 - x[-count:]
    return {
        name: short_run(learner, rows, 2, 10, 1)
        for name, rows in (("all", x), ("first", first), ("last", last))
    }
