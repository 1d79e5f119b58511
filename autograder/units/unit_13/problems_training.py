"""Training runs of unit 13, on real digits: what was learned, in how many steps, and from which of the images."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.utils._python_dispatch import TorchDispatchMode

from autograder.protocol.problems import driver
from course_vi.data import digits

__all__: list[str] = []

TRAIN_ROWS, NEW_ROWS, LATENTS, STEPS = 400, 100, 4, 300
ODD_ROWS, ODD_STEPS = 131, 211  # primes: no batch size divides them


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


def short_run(
    learner: Any, x: Tensor, latents: int, steps: int, seed: int | torch.Generator
) -> dict[str, Any]:
    """A short run: what encoder and decoder write, and how many steps each optimizer took."""
    generator = torch.Generator().manual_seed(seed) if isinstance(seed, int) else seed
    taken: dict[int, int] = {}

    def count(optimizer: Any, *_: Any) -> None:
        taken[id(optimizer)] = taken.get(id(optimizer), 0) + 1

    hook = register_optimizer_step_post_hook(count)
    try:
        encoder, decoder = learner(x, latents, steps, generator)
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
    """Short runs on forty rows: twice with one seed while the global stream moves on, with another seed, and with one step more.

    One run has more rows than most batches, and a number of them that no batch size divides.
    """
    runs = {}
    for name, rows, steps, seed in (
        ("one", 40, 5, 1),
        ("same", 40, 5, 1),
        ("other", 40, 5, 2),
        ("longer", 40, 6, 1),
        ("odd", ODD_ROWS, 11, 1),
    ):
        torch.rand(3)
        runs[name] = short_run(learner, training_images()[0][:rows], latents, steps, seed)
    return runs


@driver("vae/train_on", trains=True)
def vae_train_on(learner: Any) -> dict[str, Any]:
    """Two short runs with one generator, the second where the first left it."""
    generator = torch.Generator().manual_seed(1)
    return {
        name: short_run(learner, training_images()[0][:40], 2, 5, generator)
        for name in ("first", "second")
    }


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


class ShownImages(TorchDispatchMode):
    """Counts how often each image goes into a product of matrices from the left, as it does into the first layer of an encoder."""

    def __init__(self, images: Tensor) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weights = torch.rand(images.shape[1], generator=generator, dtype=torch.float64)
        self.known, self.order = self._signature(images).sort()
        self.times = torch.zeros(len(images), dtype=torch.long)

    def _signature(self, rows: Tensor) -> Tensor:
        return rows.detach().double() @ self.weights

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        packet = function.overloadpacket
        left = {torch.ops.aten.mm: 0, torch.ops.aten.bmm: 0, torch.ops.aten.addmm: 1}.get(packet)
        if left is not None and args[left].shape[-1] == len(self.weights):
            signature = self._signature(args[left].reshape(-1, len(self.weights)))
            place = torch.searchsorted(self.known, signature - 1e-9).clamp(max=len(self.known) - 1)
            place = place[(self.known[place] - signature).abs() < 1e-9]
            self.times += torch.bincount(self.order[place], minlength=len(self.times))
        return function(*args, **(kwargs or {}))


@driver("vae/images_shown", trains=True)
def images_shown(learner: Any) -> dict[str, Any]:
    """How many of the images are never shown to a network, in a run that is long enough for batches drawn in any fair way.

    From a learner whose encoder reads something else than the images as they are, nothing is seen, and nothing is concluded.

    Returns:
        ``unseen``: how many images were not shown; 0 where so few were seen at all that chance might have left some out.
    """
    images = training_images()[0].unique(dim=0)
    generator = torch.Generator().manual_seed(0)
    x = images[torch.randperm(len(images), generator=generator)[:ODD_ROWS]]
    with ShownImages(x) as shown:
        learner(x.clone(), 2, ODD_STEPS, torch.Generator().manual_seed(1))
    # drawn with replacement: N exp(-M/N) are left out on average, at most 2e-9 here, each image read twice in a step
    enough = 2 * ODD_ROWS * (math.log(ODD_ROWS) + 20)
    unseen = int((shown.times == 0).sum())
    return {"unseen": unseen if shown.times.sum() >= enough else 0}
