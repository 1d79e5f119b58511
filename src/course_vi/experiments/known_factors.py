r"""Pictures whose factors of variation are known, because the course draws them: a disc, its place, its size, its shade, its style."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["FACTORS", "KnownFactors", "discs", "read_factors"]

SIDE = 12
FACTORS = {"row": 8, "column": 8, "size": 4, "shade": 4, "style": 2}
STYLES = ("filled", "outline")


class KnownFactors(NamedTuple):
    """Every combination of factors once.

    Attributes:
        images: grey values in [0, 1], ``(N, 144)``: 12 x 12 pixels.
        factors: which value each factor has, ``(N, F)``, whole numbers.
        names: of the factors, F of them.
    """

    images: Tensor
    factors: Tensor
    names: tuple[str, ...]


def discs(style: bool = False, dtype: torch.dtype = torch.float32) -> KnownFactors:
    r"""A disc with a soft edge, at 8 x 8 places, in 4 sizes and 4 shades; with ``style`` in 3 sizes, filled or as an outline.

    With r the distance of a pixel from the centre, R the radius and :math:`\sigma` the logistic function, the pixel of a filled disc is
    :math:`s\, \sigma((R - r) / 0.35)`; an outline is the disc minus one that is a pixel smaller.

    >>> found = discs()
    >>> found.images.shape, found.factors.shape, found.names
    (torch.Size([1024, 144]), torch.Size([1024, 4]), ('row', 'column', 'size', 'shade'))
    >>> found = discs(style=True)
    >>> len(found.images), found.factors.amax(0).tolist()
    (384, [7, 7, 2, 1])
    """
    sizes = torch.tensor([2.0, 2.6, 3.2], dtype=dtype) if style else torch.arange(4) * 0.5 + 1.4
    counts = (8, 8, len(sizes), 2) if style else (8, 8, 4, 4)
    factors = torch.cartesian_prod(*(torch.arange(count) for count in counts))
    row, column, size, last = factors.unbind(-1)
    axis = torch.arange(SIDE, dtype=dtype)
    across = axis - (2.5 + 6 * column.unsqueeze(-1) / 7)
    down = axis - (2.5 + 6 * row.unsqueeze(-1) / 7)
    distance = (down.square().unsqueeze(-1) + across.square().unsqueeze(-2)).sqrt().flatten(1)
    radius = sizes.to(dtype)[size].unsqueeze(-1)

    def disc(radius: Tensor) -> Tensor:
        return ((radius - distance) / 0.35).sigmoid()

    if style:
        images = disc(radius) - last.unsqueeze(-1) * disc(radius - 1.0)
        return KnownFactors(images, factors, ("row", "column", "size", "style"))
    return KnownFactors(
        (0.4 + 0.2 * last.unsqueeze(-1)) * disc(radius), factors, ("row", "column", "size", "shade")
    )


def read_factors(pictures: Tensor, known: KnownFactors) -> Tensor:
    """The factors of the drawn image that lies nearest to each picture, ``(*B, F)`` for ``(*B, 144)``.

    >>> known = discs(style=True)
    >>> bool((read_factors(known.images + 0.05, known) == known.factors).all())
    True
    """
    nearest = torch.cdist(pictures.reshape(-1, pictures.shape[-1]), known.images).argmin(-1)
    return known.factors[nearest].view(*pictures.shape[:-1], -1)
