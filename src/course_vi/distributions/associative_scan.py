r"""Running products in parallel: a recursion whose step is associative takes 2 log2 T rounds, not T.

.. math:: s_1 = a_1, \quad s_t = s_{t-1} \circ a_t, \qquad (a \circ b) \circ c = a \circ (b \circ c)

Neighbours are joined in pairs, the half as long series is scanned, and what lies between is filled in: about 2 T products altogether, in
rounds that are each one batched operation. A loop over T steps makes as many products, one at a time.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["associative_reduce", "associative_scan"]

Elements = tuple[Tensor, ...]
Product = Callable[[Elements, Elements], Elements]


def associative_scan(product: Product, elements: Elements, reverse: bool = False) -> Elements:
    r"""All running products :math:`a_1, a_1 \circ a_2, \dots, a_1 \circ \dots \circ a_T`.

    Args:
        product: an associative function of two elements, batched over the first axis. The earlier one comes first.
        elements: tensors ``(T, ...)`` that together are one element for each step.
        reverse: the products :math:`a_t \circ \dots \circ a_T` instead.

    Returns:
        As ``elements``; differentiable.

    Source: Blelloch, "Prefix sums and their applications", 1990.

    >>> associative_scan(lambda a, b: (a[0] * b[0],), (torch.arange(1, 6),))[0]
    tensor([  1,   2,   6,  24, 120])
    >>> associative_scan(lambda a, b: (a[0] * b[0],), (torch.arange(1, 6),), reverse=True)[0]
    tensor([120, 120,  60,  20,   5])
    """
    if reverse:
        turned = associative_scan(
            lambda later, earlier: product(earlier, later), tuple(part.flip(0) for part in elements)
        )
        return tuple(part.flip(0) for part in turned)
    count = len(elements[0])
    if count < 2:
        return elements
    odd = associative_scan(product, _neighbours(product, elements))
    if count == 2:
        return tuple(
            torch.cat([part[:1], joined]) for part, joined in zip(elements, odd, strict=True)
        )
    even = product(
        tuple(part[: (count - 1) // 2] for part in odd), tuple(part[2::2] for part in elements)
    )
    return tuple(
        _interleaved(torch.cat([part[:1], between]), joined)
        for part, between, joined in zip(elements, even, odd, strict=True)
    )


def associative_reduce(product: Product, elements: Elements) -> Elements:
    r"""The whole product :math:`a_1 \circ \dots \circ a_T`, without the first axis: half the work of a scan.

    >>> associative_reduce(lambda a, b: (a[0] * b[0],), (torch.arange(1, 6),))[0]
    tensor(120)
    """
    while len(elements[0]) > 1:
        count = len(elements[0])
        joined = _neighbours(product, elements)
        if count % 2:
            joined = tuple(
                torch.cat([pair, part[-1:]]) for pair, part in zip(joined, elements, strict=True)
            )
        elements = joined
    return tuple(part[0] for part in elements)


def _neighbours(product: Product, elements: Elements) -> Elements:
    """The products of steps 1 and 2, 3 and 4, ...; the last step is left out where T is odd."""
    return product(tuple(part[:-1:2] for part in elements), tuple(part[1::2] for part in elements))


def _interleaved(even: Tensor, odd: Tensor) -> Tensor:
    """even[0], odd[0], even[1], odd[1], ..., where ``even`` may have one entry more."""
    pairs = torch.stack([even[: len(odd)], odd], 1).flatten(0, 1)
    return pairs if len(even) == len(odd) else torch.cat([pairs, even[-1:]])
