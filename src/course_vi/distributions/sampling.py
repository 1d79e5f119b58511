"""Samples: of any batch, and from a generator, for distributions of torch that take neither."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Size, Tensor
from torch.distributions import Distribution

__all__ = ["choose", "draw", "stream"]


def draw(density: Distribution, batch: Size) -> Tensor:
    """A draw whose batch is exactly ``batch``: the distribution's own, with axes in front or sizes of one repeated.

    >>> draw(torch.distributions.Normal(torch.zeros(3, 1), 1.0), Size([5, 3, 2])).shape
    torch.Size([5, 3, 2])
    """
    found = density.batch_shape
    front = len(batch) - len(found)
    if front >= 0 and batch[front:] == found:
        return density.sample(batch[:front])
    return density.expand(batch).sample()


@contextmanager
def stream(generator: torch.Generator | None) -> Iterator[None]:
    """``torch.distributions`` draw from the global stream only: lend it one that the generator seeds, and put the old one back.

    >>> with stream(torch.Generator().manual_seed(0)):
    ...     first = torch.distributions.Normal(0.0, 1.0).sample()
    >>> with stream(torch.Generator().manual_seed(0)):
    ...     first == torch.distributions.Normal(0.0, 1.0).sample()
    tensor(True)
    """
    if generator is None:
        yield
        return
    with torch.random.fork_rng(range(torch.cuda.device_count())):
        torch.manual_seed(
            int(torch.randint(2**62, (), generator=generator, device=generator.device))
        )
        yield


def choose(probabilities: Tensor, generator: torch.Generator | None) -> Tensor:
    """An index for each row of probabilities ``(..., S)``."""
    flat = torch.multinomial(
        probabilities.reshape(-1, probabilities.shape[-1]), 1, generator=generator
    )
    return flat.reshape(probabilities.shape[:-1])
