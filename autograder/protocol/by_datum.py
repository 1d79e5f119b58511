"""Families and encoders with parameters of their own for each datum, found by the *value* of x.

A part of a check that averages hands over R replicates as R data, each with parameters of its own. Whoever walks over the data
one by one, ``q(x[b:b+1], z[:, b:b+1])``, ``encoder(x[b])`` or ``torch.func.vmap``, must then get the parameters of that datum. So
q is a function of x: it looks for x among the data it was made for, and takes the row of the datum that it finds.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor, nn

from course_vi.families import FactorCovariance, FullRank, MeanField

__all__ = ["RowEncoder", "RowFactorCovariance", "RowFullRank", "RowMeanField", "Rows", "told_apart"]


def told_apart(x: Tensor) -> Tensor:
    """x ``(*B, Dx)``, its first coordinates moved by a few parts in 10^13 where two are equal, so that no two data are the same.

    >>> x = torch.ones(3, 1, dtype=torch.float64)
    >>> len(told_apart(x).unique()), bool((told_apart(x) - x).abs().max() < 1e-12)
    (3, True)
    """
    first = x[..., 0]
    if x.dim() < 2 or len(first.unique()) == first.numel():
        return x
    step = 256 * torch.finfo(x.dtype).eps * max(1.0, float(x.abs().max()))
    moved = x.clone()
    moved[..., 0] += step * torch.arange(first.numel(), dtype=x.dtype).reshape(first.shape)
    return moved


class Rows:
    """Where a datum stands in the batch, found by its value.

    Args:
        x: ``(*B, Dx)``, no two alike in their first coordinate.
    """

    def __init__(self, x: Tensor) -> None:
        self.x, self.data = x, x.detach().reshape(-1, x.shape[-1])
        self.keys, self.places = self.data[:, 0].contiguous().sort()

    def __call__(self, x: Tensor | None) -> Tensor | None:
        """The places of x ``(*A, Dx)``, ``(*A)``; None for the whole batch as it stands.

        Raises:
            ValueError: x is no part of the batch.
        """
        if x is None or x is self.x:
            return None
        mapped = torch._C._functorch.is_batchedtensor(x)
        if not mapped and x.shape == self.x.shape and torch.equal(x, self.x):
            return None
        x = x.detach().to(self.data.dtype)
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # vmap makes keys that do not lie side by side, and searchsorted says so
            found = torch.searchsorted(self.keys, x[..., 0].contiguous())
        places = self.places[found.clamp(max=len(self.keys) - 1)]
        if mapped or bool((self.data[places] == x).all()):
            return places
        if x.shape[:-1] == self.x.shape[:-1]:  # as many as there are data: row by row
            return None
        raise ValueError(
            f"q was called on a part of the batch, with an x of shape {tuple(x.shape)} whose rows are not among those of "
            "x. It has parameters of its own for each datum: hand it the rows of x that go with z, such as x[b:b+1]"
        )


class _ByDatum:
    """What a Gaussian family needs to find its rows by the value of x."""

    rows: Rows | None = None

    def at(self, x: Tensor) -> Any:
        """The same family, its rows told apart by x, if it has one row for each datum."""
        shape: torch.Size = self.batch_shape  # type: ignore[attr-defined]
        self.rows = Rows(x) if 0 < len(shape) and shape == x.shape[:-1] else None
        return self

    def distribution_parameters(self, x: Tensor | None = None) -> dict[str, Tensor]:
        numbers: dict[str, Tensor] = super().distribution_parameters(x)  # type: ignore[misc]
        places = None if self.rows is None else self.rows(x)
        if self.rows is None or places is None:
            return numbers
        axes = self.rows.x.dim() - 1
        return {name: value.flatten(0, axes - 1)[places] for name, value in numbers.items()}


class RowMeanField(_ByDatum, MeanField):
    """``MeanField`` with a row of parameters for each datum."""


class RowFullRank(_ByDatum, FullRank):
    """``FullRank`` with a row of parameters for each datum."""


class RowFactorCovariance(_ByDatum, FactorCovariance):
    """``FactorCovariance`` with a row of parameters for each datum."""


class RowEncoder(nn.Module):
    """``x -> x W' + b``, ``(*B, Dx) -> (*B, P)``. With weights ``(R, P, Dx)`` each of the R data has an encoder of its own.

    Args:
        x: the data, by whose values the encoders are found; needed where there are several.
    """

    def __init__(self, weight: Tensor, bias: Tensor, x: Tensor | None = None) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(weight.clone()), nn.Parameter(bias.clone())
        self.rows = Rows(x) if x is not None and bias.dim() > 1 else None

    def forward(self, x: Tensor) -> Tensor:
        places = None if self.rows is None else self.rows(x)
        weight, bias = (
            (self.weight, self.bias) if places is None else (self.weight[places], self.bias[places])
        )
        return (weight @ x.unsqueeze(-1)).squeeze(-1) + bias
